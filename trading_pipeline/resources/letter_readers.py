"""Who reads dead letters again: the streams of the universe's venue, and its account's ledger."""

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.ports.stores.execution.ledger import OrderLedger
from trading_pipeline.resources.letter_replay import LetterReplay
from trading_pipeline.services.execution.identify_account import identify_account
from trading_pipeline.settings import Settings


def letter_replay(engine: Engine, events: RedisStream, settings: Settings) -> LetterReplay:
    """By the readers of the universe's venue.

    :raises ConfigurationError: the configuration folder or the mode is wrong.
    """
    universe = load_universe(settings.config_dir)
    venue = venue_named(universe.venue, settings)

    def ledger() -> OrderLedger:
        account_id = identify_account(register=PostgresAccountRegister(engine), venue=venue, mode=settings.mode)
        return PostgresLedger(AccountLease(engine, account_id, settings.instance_name).fenced, account_id)

    market = venue.market_stream(universe.instrument_ids, universe.timeframes)
    return LetterReplay(engine, events, market, venue.account_stream, ledger)
