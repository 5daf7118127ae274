"""Indicator snapshots of whole days."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.indicators.snapshot import snapshot
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.strategy.snapshot_store import SnapshotStore
from trading_pipeline.services.strategy.windows import day_windows, unsound_instruments

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

    Where holes are refused, of the bars behind one, too: nothing is decided there, but the stop of a position that was
    open when the hole began follows its closes by these numbers, as it does in a backtest.
    """
    parts = []
    for window in day_windows(bars, checks, scope, now, behind_gaps=True):
        # Over the whole window and cut afterwards: averages need the bars before the day.
        values = snapshot(window.bars)[window.kept]
        values.insert(0, "close_time", window.bars["close_time"][window.kept])
        values.insert(0, "instrument_id", window.instrument_id)
        parts.append(values)
    rows = pd.concat(parts, ignore_index=True) if parts else _NO_ROWS
    changed = 0
    for part in scope.parts:
        mine = rows[rows["instrument_id"].isin(part.instrument_ids)]
        changed += snapshots.replace(mine, part.instrument_ids, scope.timeframe, part.start, scope.end)
    return IndicatorReport(changed, unsound_instruments(checks, scope))
