"""Embedded servers shared by one test session, and an empty database for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, EmbeddedRedis
from trading_pipeline_tests.testkit.databases import TEMPLATE, Databases


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder outside pytest's own, whose root is closed to the user that PostgreSQL runs as under root."""
    folder = Path(tempfile.mkdtemp(prefix="trading-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A running server with one migrated database, ``TEMPLATE``, to copy from."""
    server = EmbeddedPostgres(server_folder / "postgres")
    server.start()
    try:
        # nothing here has to survive a crash of the machine, and waiting for the disk was half of every test
        for unsafe in ("fsync", "synchronous_commit", "full_page_writes"):
            _execute(server, f"ALTER SYSTEM SET {unsafe} = off")
        _execute(server, "SELECT pg_reload_conf()")
        _execute(server, f"CREATE DATABASE {TEMPLATE}")
        migrate(server.url(TEMPLATE, "psycopg"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    """Empty databases, lent to one test after the other."""
    lent = Databases(postgres)
    yield lent
    lent.close()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, databases: Databases) -> Iterator[str]:
    """Address of an empty database with the newest schema; the name leads nowhere after the test."""
    name = databases.lend()
    yield postgres.url(name, "psycopg")
    databases.take_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An engine on ``database_url``."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedPostgres, databases: Databases) -> Iterator[Engine]:
    """An engine on a database that the tests of a file share."""
    name = databases.lend()
    engine = connect(postgres.url(name, "psycopg"))
    yield engine
    engine.dispose()
    databases.take_back(name)


@pytest.fixture(scope="session")
def redis_url(server_folder: Path) -> Iterator[str]:
    """Address of a running Redis; use keys of your own."""
    server = EmbeddedRedis(server_folder / "redis")
    server.start()
    yield server.url
    server.stop()


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    """Run one statement that no transaction may hold."""
    admin = create_engine(server.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(statement))
    admin.dispose()
