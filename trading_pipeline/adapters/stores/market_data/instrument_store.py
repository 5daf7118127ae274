"""Instruments in PostgreSQL."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.condition_tables import instruments
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument, InstrumentKind, InstrumentStatus
from trading_pipeline.ports.stores.market_data.instrument_store import InstrumentStore

_KEPT = ("read_at", "run_id")


class PostgresInstrumentStore(InstrumentStore):
    """One row an instrument, as it was told last."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run."""
        self._engine = engine
        self._run_id = run_id

    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """Every row."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(instruments)).mappings().all()
        found = [_instrument({name: value for name, value in row.items() if name not in _KEPT}) for row in rows]
        return {one.instrument_id: one for one in found}

    def write(self, instruments_told: Iterable[Instrument], read_at: datetime) -> None:
        """Insert or update, all in one transaction."""
        rows = [{**asdict(one), "read_at": read_at, "run_id": self._run_id} for one in instruments_told]
        if not rows:
            return
        told = insert(instruments)
        changed = {name: told.excluded[name] for name in rows[0] if name != "instrument_id"}
        with self._engine.begin() as connection:
            connection.execute(told.on_conflict_do_update(index_elements=["instrument_id"], set_=changed), rows)


def _instrument(values: dict[str, object]) -> Instrument:
    named = {
        "instrument_id": InstrumentId(str(values["instrument_id"])),
        "kind": InstrumentKind(str(values["kind"])),
        "status": InstrumentStatus(str(values["status"])),
    }
    return Instrument(**{**values, **named})  # type: ignore[arg-type]  # columns have the types of the fields
