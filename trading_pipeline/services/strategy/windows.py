"""The bars from which one symbol's day is computed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayWindow:
    """Bars of one symbol from a day's anchor to its last sound bar.

    :param bars: columns of ``BAR_COLUMNS``, index from 0.
    :param kept: per bar, whether it is a sound bar of the day, so that a result may be stored for it.
    """

    symbol: str
    bars: pd.DataFrame
    kept: "pd.Series[bool]"


def day_windows(bars: BarStore, checks: CheckStore, scope: PartitionRange, now: datetime) -> Iterator[DayWindow]:
    """The window of each symbol and day that has a sound bar.

    Each day is cut out from its own anchor, also when many days are computed together: a row
    depends on the same bars, and so has the same bits, whichever range it was computed in.
    """
    start, end = scope.open_times_until(now)
    frame = bars.frame(scope.symbols, scope.timeframe, start, end)
    sound = checks.sound_bars(scope.symbols, scope.timeframe, scope.start, scope.end)
    for name, rows in frame.groupby("symbol", sort=False):
        times = pd.DatetimeIndex(rows["open_time"])
        is_sound = times.isin(pd.DatetimeIndex(sound.get(str(name), []), tz="UTC"))
        for day in scope.days:
            first, last = times.searchsorted(pd.DatetimeIndex([scope.anchor(day), day + _DAY]))
            kept = is_sound[first:last] & (times[first:last] >= pd.Timestamp(day))
            if kept.any():
                length = len(kept) - int(kept[::-1].argmax())
                window = rows.iloc[first : first + length].reset_index(drop=True)
                yield DayWindow(str(name), window, pd.Series(kept[:length]))


def unsound_symbols(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Symbols with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.symbols, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.symbol for check in failed}))
