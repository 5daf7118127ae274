"""Old rows of what stands between bars, out of PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select

from trading_pipeline.adapters.stores.postgres.condition_tables import (
    book_snapshots,
    funding_rates,
    mark_bars,
    open_interest,
    public_trades,
    tickers,
)
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.market_data.condition_retention import ConditionRetention

_TABLES = (tickers, book_snapshots, public_trades, funding_rates, open_interest, mark_bars)
_BY_KIND = {table.name: table for table in _TABLES}
"""All have a column ``at``, a row's venue time."""


class PostgresConditionRetention(ConditionRetention):
    """One statement a kind. Ages count from the newest row: a simulated venue's time is not the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remove_older(self, kind: str, keep: timedelta) -> int:
        """Delete; an empty table has no newest row, and nothing to lose."""
        table = _BY_KIND[kind]
        at = table.c.at
        with self._engine.begin() as connection:
            newest: datetime | None = connection.execute(select(func.max(at))).scalar_one()
            if newest is None:
                return 0
            return connection.execute(delete(table).where(at < newest - keep)).rowcount

    def newest(self, kind: str, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, datetime]:
        """One look into the primary key for each instrument."""
        table, found = _BY_KIND[kind], {}
        with self._engine.connect() as connection:
            for instrument_id in instrument_ids:
                query = select(func.max(table.c.at)).where(table.c.instrument_id == instrument_id)
                at: datetime | None = connection.execute(query).scalar_one()
                if at is not None:
                    found[instrument_id] = at
        return found
