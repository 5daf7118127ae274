"""Old rows of what stands between bars, out of PostgreSQL."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select

from trading_pipeline.adapters.stores.postgres.condition_tables import funding_rates, mark_bars, open_interest, tickers
from trading_pipeline.ports.stores.market_data.condition_retention import ConditionRetention

_AGED_BY = {table.name: (table, "at") for table in (tickers, funding_rates, open_interest, mark_bars)}
"""By kind, its table and the column with a row's venue time."""


class PostgresConditionRetention(ConditionRetention):
    """One statement a kind. Ages count from the newest row: a simulated venue's time is not the database's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remove_older(self, kind: str, keep: timedelta) -> int:
        """Delete; an empty table has no newest row, and nothing to lose."""
        table, name = _AGED_BY[kind]
        at = table.c[name]
        with self._engine.begin() as connection:
            newest: datetime | None = connection.execute(select(func.max(at))).scalar_one()
            if newest is None:
                return 0
            return connection.execute(delete(table).where(at < newest - keep)).rowcount
