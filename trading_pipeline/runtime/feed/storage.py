"""Where the feed keeps what it hears: one database and one event log, both reached before anything is heard."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.market_data.tape_store import PostgresTapeStore
from trading_pipeline.adapters.stores.market_data.ticker_store import PostgresTickerStore
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.postgres.database import connect, unreachable
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.settings import Settings

COMPONENT = "feed"
"""Name of the feed's heartbeat."""


@dataclass(frozen=True, slots=True)
class FeedStorage:
    """The stores that the feed writes to, on one connection pool, and the events that tell others."""

    engine: Engine
    events: RedisStream
    instance: str

    @property
    def bars(self) -> PostgresRawBarStore:
        """Bars as they were heard."""
        return PostgresRawBarStore(self.engine)

    @property
    def quality(self) -> PostgresQualityStore:
        """What was noticed about market data."""
        return PostgresQualityStore(self.engine)

    @property
    def books(self) -> PostgresBookSampleStore:
        """What the order book said at closes."""
        return PostgresBookSampleStore(self.engine)

    @property
    def tickers(self) -> PostgresTickerStore:
        """What stood in tickers."""
        return PostgresTickerStore(self.engine)

    @property
    def tape(self) -> PostgresTapeStore:
        """Whole order books and public trades."""
        return PostgresTapeStore(self.engine)

    @property
    def accounts(self) -> PostgresAccountRegister:
        """Whose key is whose."""
        return PostgresAccountRegister(self.engine)

    def lease(self, account_id: AccountId) -> AccountLease:
        """The right to write about one account.

        :raises AccountTradedElsewhere: another running system has it.
        """
        return AccountLease(self.engine, account_id, self.instance)

    def ledger(self, lease: AccountLease) -> PostgresLedger:
        """Orders and fills of the account that was leased."""
        return PostgresLedger(lease.fenced, lease.account_id)

    def beat(self, detail: str) -> None:
        """Leave a sign of life.

        :param detail: the feed's condition in a few words.
        """
        PostgresHeartbeatStore(self.engine).beat(COMPONENT, detail)


@contextmanager
def opened_storage(settings: Settings) -> Iterator[FeedStorage]:
    """Both, for as long as the block lasts.

    :raises ConfigurationError: an address is missing or none, or the database has no schema.
    :raises ServerAway: nobody answers there; a server that is just being started again will.
    """
    with closing(_events(settings)) as events:
        storage = FeedStorage(_database(settings), events, settings.instance_name)
        try:
            _require_schema(settings, storage)
            yield storage
        finally:
            storage.engine.dispose()


def _events(settings: Settings) -> RedisStream:
    if not settings.redis_url:
        raise ConfigurationError("REDIS_URL is empty; set it, or let `trading-pipeline up` start the feed")
    stream = RedisStream(settings.redis_url)
    # Asked now: without it a Redis that is away would show at the first bar only.
    stream.check()
    return stream


def _database(settings: Settings) -> Engine:
    if not settings.database_url:
        raise ConfigurationError("DATABASE_URL is empty; set it, or let `trading-pipeline up` start the feed")
    return connect(settings.database_url)


def _require_schema(settings: Settings, storage: FeedStorage) -> None:
    try:
        # A write and not a question: it proves address, rights and schema at once.
        storage.beat("starting")
    except OperationalError as error:
        # Not a refusal: who watches over the feed would end the system because the server had died with it.
        raise ServerAway("database", str(unreachable(settings.database_url, error))) from error
    except ProgrammingError as error:
        raise ConfigurationError("the database has no schema `trading`; run `trading-pipeline migrate`") from error
