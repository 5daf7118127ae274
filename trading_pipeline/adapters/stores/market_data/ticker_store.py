"""Tickers in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.condition_tables import tickers
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.tickers import TICKER_FIELDS, Ticker
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore


class PostgresTickerStore(TickerStore):
    """Inserts and reads; nothing is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, tickers: Sequence[Ticker]) -> None:
        """Insert what is not there, all in one transaction."""
        if tickers:
            with self._engine.begin() as connection:
                connection.execute(_INSERT, [asdict(ticker) for ticker in tickers])

    def newest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Ticker]:
        """One look into the primary key for each instrument."""
        found = {}
        with reading(self._engine) as connection:
            for instrument_id in instrument_ids:
                query = select(tickers).where(tickers.c.instrument_id == instrument_id)
                row = connection.execute(query.order_by(tickers.c.at.desc()).limit(1)).one_or_none()
                if row is not None:
                    values = {name: getattr(row, name) for name in TICKER_FIELDS}
                    found[instrument_id] = Ticker(instrument_id, row.at, **values)
        return found


_INSERT = insert(tickers).on_conflict_do_nothing()
