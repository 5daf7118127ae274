"""Servers that go away in the middle of a run and come back after it."""

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum

from sqlalchemy import Engine, create_engine, text

from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis


class Server(StrEnum):
    """What a run stands on beside the venue."""

    POSTGRES = "PostgreSQL"
    REDIS = "Redis"


class Servers:
    """Those of a scenario; each goes away when it is told to, whoever is connected."""

    def __init__(self, database: Engine, redis: EmbeddedRedis) -> None:
        self._database = database
        self._redis = redis
        self._back = ExitStack()

    def end(self, server: Server) -> None:
        """Let it be gone, from now on."""
        self._back.callback(self._end_database() if server is Server.POSTGRES else self._end_redis())

    def restore(self) -> None:
        """Start again what is gone."""
        self._back.close()

    def _end_redis(self) -> Callable[[], None]:
        self._redis.stop()
        return self._redis.start

    def _end_database(self) -> Callable[[], None]:
        # To a client a server that crashed is one that ends every connection and takes no other: what was committed
        # stays, what was not is undone. The server itself belongs to other tests, too.
        name = str(self._database.url.database)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        self._tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self._tell(ended, name=name)
        return lambda: self._tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def _tell(self, statement: str, **values: str) -> None:
        admin = create_engine(self._database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(statement), values)
        admin.dispose()
