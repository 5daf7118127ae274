"""Servers that were started here are private, come back with their data, and end here."""

import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis
from kombu import Connection
from sqlalchemy import create_engine, text

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, EmbeddedRedis, ServerNotUp
from trading_pipeline.runtime.supervision.environment import celery_url
from trading_pipeline.runtime.supervision.state_folder import private


def test_a_redis_that_can_write_nothing_any_more_still_ends(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    server = EmbeddedRedis(folder)
    before = set(psutil.Process().children())
    server.start()
    (process,) = set(psutil.Process().children()) - before
    shutil.rmtree(folder)
    server.stop()
    assert not process.is_running()


def test_our_redis_listens_to_its_owner_alone(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "redis")
    before = set(psutil.Process().children())
    server.start()
    try:
        (process,) = set(psutil.Process().children()) - before
        assert not [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        assert (tmp_path / "redis" / "redis.sock").stat().st_mode & 0o077 == 0
        RedisStream(server.url).check()
        with Connection(celery_url(server.url)) as broker:
            broker.ensure_connection(max_retries=1)
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_still_starts(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / ("deep" * 30) / "redis")
    server.start()
    try:
        RedisStream(server.url).check()
    finally:
        server.stop()


def test_a_killed_redis_comes_back_with_its_data_at_its_address(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "redis")
    before = set(psutil.Process().children())
    server.start()
    try:
        assert not server.revive()
        (process,) = set(psutil.Process().children()) - before
        client = redis.Redis.from_url(server.url)
        client.set("kept", "yes")
        client.config_set("appendfsync", "always")
        client.set("kept", "yes, still")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert server.revive()
        assert client.get("kept") == b"yes, still"
    finally:
        server.stop()


def test_a_killed_postgres_comes_back_with_its_data_at_its_address(server_folder: Path) -> None:
    server = EmbeddedPostgres(server_folder / "killed")
    server.start()
    try:
        assert not server.revive()
        engine = create_engine(server.url("postgres", "psycopg"), pool_pre_ping=True)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 1 AS one"))
        pid = int((server_folder / "killed" / "postmaster.pid").read_text().split()[0])
        psutil.Process(pid).kill()
        assert _revived(server)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT one FROM kept")).scalar_one() == 1
        engine.dispose()
    finally:
        server.stop()


def _revived(server: EmbeddedPostgres) -> bool:
    """Ask as the supervisor does, until what the killed server left has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ServerNotUp):
            if server.revive():
                return True
        time.sleep(0.1)
    return False


def test_without_any_redis_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(ConfigurationError, match=r"apt-get install redis-server.*REDIS_URL"):
        EmbeddedRedis(tmp_path / "redis").start()


def test_a_state_folder_becomes_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    private(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
