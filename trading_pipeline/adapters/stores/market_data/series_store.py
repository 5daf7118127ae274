"""Series that a venue keeps beside bars, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Engine, Table, or_, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.condition_tables import funding_rates, mark_bars, open_interest
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import FundingRate, MarkBar, OpenInterest, SeriesRow
from trading_pipeline.ports.stores.market_data.series_store import SeriesStore

RowT = TypeVar("RowT", bound=SeriesRow)
_KEY = ("instrument_id", "at")


class PostgresSeriesStore(SeriesStore[RowT]):
    """One of the tables below."""

    def __init__(self, engine: Engine, table: Table, run_id: str = "") -> None:
        """Write in the name of a run."""
        self._engine = engine
        self._table = table
        self._run_id = run_id

    def write(self, rows: Sequence[RowT]) -> int:
        """Insert or update in one transaction; a row that says the same keeps its run."""
        if not rows:
            return 0
        told = insert(self._table)
        numbers = [name for name in asdict(rows[0]) if name not in _KEY]
        differs = or_(*(self._table.c[name] != told.excluded[name] for name in numbers))
        changed = {name: told.excluded[name] for name in (*numbers, "run_id")}
        statement = told.on_conflict_do_update(index_elements=_KEY, set_=changed, where=differs)
        with self._engine.begin() as connection:
            found = connection.execute(statement, [{**asdict(row), "run_id": self._run_id} for row in rows])
            return found.rowcount

    def instants(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[datetime]]:
        """By the primary key, which holds both columns."""
        table = self._table.c
        query = select(table.instrument_id, table.at).where(table.instrument_id.in_(instrument_ids))
        found: dict[InstrumentId, list[datetime]] = {}
        with reading(self._engine) as connection:
            for instrument_id, at in connection.execute(query.order_by(table.instrument_id, table.at)):
                instants = found.setdefault(InstrumentId(str(instrument_id)), [])
                instants.append(cast("datetime", at))
        return found


def funding_store(engine: Engine, run_id: str = "") -> PostgresSeriesStore[FundingRate]:
    """Settlements of funding."""
    return PostgresSeriesStore(engine, funding_rates, run_id)


def open_interest_store(engine: Engine, run_id: str = "") -> PostgresSeriesStore[OpenInterest]:
    """Open interest by the hour."""
    return PostgresSeriesStore(engine, open_interest, run_id)


def mark_store(engine: Engine, run_id: str = "") -> PostgresSeriesStore[MarkBar]:
    """Mark prices by the hour."""
    return PostgresSeriesStore(engine, mark_bars, run_id)
