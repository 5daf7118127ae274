"""The bars from which one instrument's day is computed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayWindow:
    """Bars of one instrument from a day's anchor to its last sound bar, without those that cannot have been.

    :param bars: columns of ``BAR_COLUMNS``, index from 0.
    :param kept: per bar, whether it is a sound bar of the day that is computed, so that a result may be stored for it.
    """

    instrument_id: InstrumentId
    bars: pd.DataFrame
    kept: "pd.Series[bool]"


def day_windows(bars: BarStore, checks: CheckStore, scope: PartitionRange, now: datetime) -> Iterator[DayWindow]:
    """The window of each instrument and day that has a sound bar.

    Each day is cut out from its own anchor, also when many days are computed together: a row
    depends on the same bars, and so has the same bits, whichever range it was computed in.
    """
    scope = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe))
    start, end = scope.open_times_until(now)
    frame = bars.frame(scope.instrument_ids, scope.timeframe, start, end)
    # No sound bar looks back on one, unless it is computed over as if it were not there.
    frame = frame[possible(frame)]
    sound = {
        instrument_id: opens
        for part in scope.parts
        for instrument_id, opens in checks.sound_bars(
            part.instrument_ids, scope.timeframe, part.start, scope.end
        ).items()
    }
    for name, rows in frame.groupby("instrument_id", sort=False):
        instrument_id = InstrumentId(name)
        times = pd.DatetimeIndex(rows["open_time"])
        is_sound = times.isin(pd.DatetimeIndex(sound.get(instrument_id, []), tz="UTC"))
        for day in scope.days:
            first, last = times.searchsorted(pd.DatetimeIndex([scope.anchor(day, instrument_id), day + _DAY]))
            kept = is_sound[first:last] & (times[first:last] >= pd.Timestamp(day))
            if kept.any():
                # Up to the last sound bar: bars behind it are of no use to any result that is stored.
                length = len(kept) - int(kept[::-1].argmax())
                window = rows.iloc[first : first + length].reset_index(drop=True)
                yield DayWindow(instrument_id, window, pd.Series(kept[:length]))


def unsound_instruments(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Instruments with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.instrument_ids, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.instrument_id for check in failed}))
