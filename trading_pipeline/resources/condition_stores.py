"""Stores of what stands between bars."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.condition_retention import PostgresConditionRetention
from trading_pipeline.adapters.stores.market_data.instrument_store import PostgresInstrumentStore
from trading_pipeline.adapters.stores.market_data.ticker_store import PostgresTickerStore


@dataclass(frozen=True, slots=True)
class ConditionStores:
    """On the connection pool of a run.

    :param run_id: in whose name is written.
    """

    engine: Engine
    run_id: str = ""

    @property
    def tickers(self) -> PostgresTickerStore:
        """What stood in tickers."""
        return PostgresTickerStore(self.engine)

    @property
    def instruments(self) -> PostgresInstrumentStore:
        """What the venue lists."""
        return PostgresInstrumentStore(self.engine, self.run_id)

    @property
    def retention(self) -> PostgresConditionRetention:
        """How old rows go."""
        return PostgresConditionRetention(self.engine)
