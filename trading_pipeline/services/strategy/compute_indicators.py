"""Indicator snapshots of whole days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.indicators.snapshot import snapshot_columns
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.strategy.snapshot_store import SnapshotStore
from trading_pipeline.services.strategy.windows import DayWindow, day_windows, unsound_instruments

Columns = dict[str, npt.NDArray[np.generic]]

# Typed columns, because a day without a sound bar still has to remove rows that are stored of it.
_NO_ROWS = pd.DataFrame(
    {"instrument_id": pd.Series(dtype="str"), "close_time": pd.Series(dtype=pd.DatetimeTZDtype("us", "UTC"))}
)


@dataclass(frozen=True, slots=True)
class IndicatorReport:
    """What was computed.

    :param changed: rows written or removed; 0 on a rerun.
    :param unsound: instruments some of whose bars were left out.
    """

    changed: int
    unsound: tuple[str, ...]


def compute_indicators(
    bars: BarStore, checks: CheckStore, snapshots: SnapshotStore, scope: PartitionRange, now: datetime
) -> IndicatorReport:
    """Compute and store a snapshot for every sound bar that ``scope`` computes.

    Where holes are refused, of the bars behind one, too: nothing is entered there, but the stop of a position that was
    open when the hole began follows its closes by these numbers, as it does in a backtest.
    """
    parts = [_kept_values(window) for window in day_windows(bars, checks, scope, now)]
    rows = _joined(parts) if parts else _NO_ROWS
    changed = 0
    for part in scope.parts:
        mine = rows[rows["instrument_id"].isin(part.instrument_ids)]
        changed += snapshots.replace(mine, part.instrument_ids, scope.timeframe, part.start, scope.end)
    return IndicatorReport(changed, unsound_instruments(checks, scope))


def _kept_values(window: DayWindow) -> Columns:
    """The rows of one window, a column each."""
    kept = np.flatnonzero(window.kept)
    # Over the whole window and cut afterwards: averages need the bars before the day.
    values = {name: column[kept] for name, column in snapshot_columns(window.bars).items()}
    closes = window.bars["close_time"].to_numpy("datetime64[us]")[kept]
    return {"instrument_id": np.full(len(kept), window.instrument_id, object), "close_time": closes, **values}


def _joined(parts: Sequence[Columns]) -> pd.DataFrame:
    """One frame of all windows; a frame for each would take longer than their values."""
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    times = pd.DatetimeIndex(columns["close_time"]).tz_localize("UTC")
    return pd.DataFrame(
        {**columns, "instrument_id": pd.Series(columns["instrument_id"], dtype="str"), "close_time": times}
    )
