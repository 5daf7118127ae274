"""Indicator snapshots in PostgreSQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import isfinite

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.database import reading, repeatable
from trading_pipeline.adapters.stores.postgres.schemas import SNAPSHOTS, validated
from trading_pipeline.adapters.stores.postgres.tables import indicator_snapshots
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.strategy.snapshot_store import SnapshotStore

_KEYS = ("instrument_id", "close_time")
_REMOVE = """
DELETE FROM trading.indicator_snapshots AS stored
WHERE instrument_id = ANY(%(instrument_ids)s) AND timeframe = %(timeframe)s
AND close_time > %(start)s AND close_time <= %(end)s
AND NOT EXISTS (
    SELECT FROM staged_indicator_snapshots AS fresh
    WHERE fresh.instrument_id = stored.instrument_id AND fresh.close_time = stored.close_time
)
"""


class PostgresSnapshotStore(SnapshotStore):
    """One transaction per call."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._run_id = run_id

    def replace(
        self,
        snapshots: pd.DataFrame,
        instrument_ids: Sequence[InstrumentId],
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> int:
        """Merge by instrument and close, delete what the range no longer has."""
        validated(snapshots, SNAPSHOTS)
        scope = {"instrument_ids": list(instrument_ids), "timeframe": timeframe.value, "start": start, "end": end}
        with repeatable(self._engine) as connection:
            written = merge(
                connection,
                indicator_snapshots,
                ("instrument_id", "timeframe", "close_time", "values", "run_id"),
                _rows(snapshots, timeframe, self._run_id),
                ignoring=("run_id",),
            )
            return written + connection.exec_driver_sql(_REMOVE, scope).rowcount

    def values(
        self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime
    ) -> dict[str, float] | None:
        """Read one row."""
        query = (
            "SELECT values FROM trading.indicator_snapshots"
            " WHERE instrument_id = %(instrument_id)s AND timeframe = %(timeframe)s AND close_time = %(close_time)s"
        )
        key = {"instrument_id": instrument_id, "timeframe": timeframe.value, "close_time": close_time}
        with reading(self._engine) as connection:
            found: dict[str, float] | None = connection.exec_driver_sql(query, key).scalar()
            return found


def _rows(snapshots: pd.DataFrame, timeframe: Timeframe, run_id: str) -> Iterator[tuple[str, ...]]:
    """Rows of text; the shortest text of a float is exact, so the same float is the same row for ever."""
    names = [name for name in snapshots.columns if name not in _KEYS]
    columns = [snapshots[name].to_numpy(np.float64).tolist() for name in names]
    labels = [f'"{name}": ' for name in names]
    closes = [instant.isoformat() for instant in snapshots["close_time"]]
    for instrument_id, close_time, *values in zip(snapshots["instrument_id"], closes, *columns, strict=True):
        # JSON has no NaN and no infinity.
        known = [label + repr(value) for label, value in zip(labels, values, strict=True) if isfinite(value)]
        yield instrument_id, timeframe.value, close_time, "{" + ", ".join(known) + "}", run_id
