"""What a run stands on that goes away in the middle of it and comes back after it."""

from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum

from redis import Redis
from sqlalchemy import Engine, create_engine, text

from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis
from trading_pipeline_tests.fault_matrix.company import Feed


class Server(StrEnum):
    """What a run stands on beside the venue."""

    POSTGRES = "PostgreSQL"
    REDIS = "Redis"
    CACHE = "content of Redis"
    FEED = "feed"
    DAEMON = "daemon"


class Servers:
    """Those of a scenario; each goes away when it is told to, whoever is connected.

    :ivar feed: where one is at work.
    :ivar unattended: nobody requests runs any more; those that run go on.
    """

    def __init__(self, database: Engine, redis: EmbeddedRedis) -> None:
        self._database = database
        self._redis = redis
        self._back = ExitStack()
        self.feed: Feed | None = None
        self.unattended = False

    def end(self, server: Server) -> None:
        """Let it be gone, from now on."""
        ends = {
            Server.POSTGRES: self._end_database,
            Server.REDIS: self._end_redis,
            Server.CACHE: self._empty_redis,
            Server.FEED: self._end_feed,
            Server.DAEMON: self._end_daemon,
        }
        self._back.callback(ends[server]())

    def restore(self) -> None:
        """Start again what is gone."""
        self._back.close()

    def _end_redis(self) -> Callable[[], None]:
        self._redis.stop()
        return self._redis.start

    def _empty_redis(self) -> Callable[[], None]:
        # As one that crashed and is started again on an empty folder.
        Redis.from_url(self._redis.url).flushall()
        return lambda: None

    def _end_feed(self) -> Callable[[], None]:
        assert self.feed is not None, "no feed that could end"
        self.feed.end()
        return self.feed.begin

    def _end_daemon(self) -> Callable[[], None]:
        # It is back at the next move of the market: until then nothing follows, whatever the run leaves to others.
        self.unattended = True
        return lambda: None

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
