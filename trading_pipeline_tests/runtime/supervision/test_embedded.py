"""Servers that were started here end here, whatever happened to their folders."""

import shutil
from pathlib import Path

import psutil

from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis


def test_a_redis_that_can_write_nothing_any_more_still_ends(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    redis = EmbeddedRedis(folder)
    before = set(psutil.Process().children())
    redis.start()
    (server,) = set(psutil.Process().children()) - before
    shutil.rmtree(folder)
    redis.stop()
    assert not server.is_running()
