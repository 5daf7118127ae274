"""The bars from which one instrument's day is computed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from trading_pipeline.domain.model.checks import CheckName
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
    :param kept: per bar, whether it is a bar of the day that is computed and sound, so that a result may be stored.
    """

    instrument_id: InstrumentId
    bars: pd.DataFrame
    kept: "pd.Series[bool]"


def day_windows(
    bars: BarStore, checks: CheckStore, scope: PartitionRange, now: datetime, *, behind_gaps: bool = False
) -> Iterator[DayWindow]:
    """The window of each instrument and day that has a sound bar.

    Each day is cut out from its own anchor, also when many days are computed together: a row
    depends on the same bars, and so has the same bits, whichever range it was computed in.

    :param behind_gaps: keep, where holes are refused, bars against which nothing speaks but a hole before them.
    """
    scope = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe))
    start, end = scope.open_times_until(now)
    frame = bars.frame(scope.instrument_ids, scope.timeframe, start, end)
    # No sound bar looks back on one, unless it is computed over as if it were not there.
    frame = frame[possible(frame)]
    wanted = {
        instrument_id: list(opens)
        for part in scope.parts
        for instrument_id, opens in checks.sound_bars(
            part.instrument_ids, scope.timeframe, part.start, scope.end
        ).items()
    }
    if behind_gaps and not scope.computes_over:
        for instrument_id, opens in _behind_gaps(checks, scope).items():
            wanted.setdefault(instrument_id, []).extend(opens)
    for name, rows in frame.groupby("instrument_id", sort=False):
        instrument_id = InstrumentId(name)
        times = pd.DatetimeIndex(rows["open_time"])
        is_wanted = times.isin(pd.DatetimeIndex(wanted.get(instrument_id, []), tz="UTC"))
        for day in scope.days:
            first, last = times.searchsorted(pd.DatetimeIndex([scope.anchor(day, instrument_id), day + _DAY]))
            kept = is_wanted[first:last] & (times[first:last] >= pd.Timestamp(day))
            if kept.any():
                # Up to the last one that is kept: bars behind it are of no use to any result that is stored.
                length = len(kept) - int(kept[::-1].argmax())
                window = rows.iloc[first : first + length].reset_index(drop=True)
                yield DayWindow(instrument_id, window, pd.Series(kept[:length]))


def _behind_gaps(checks: CheckStore, scope: PartitionRange) -> dict[InstrumentId, list[datetime]]:
    """Open times (UTC) of bars against which a hole before them speaks and nothing else."""
    against = defaultdict[tuple[InstrumentId, datetime], set[CheckName]](set)
    for part in scope.parts:
        for one in checks.failed(part.instrument_ids, scope.timeframe, part.start, scope.end):
            against[one.instrument_id, one.close_time].add(one.name)
    found = defaultdict[InstrumentId, list[datetime]](list)
    for (instrument_id, close_time), names in against.items():
        if names == {CheckName.NO_GAP}:
            found[instrument_id].append(close_time - scope.timeframe.duration)
    return found


def unsound_instruments(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Instruments with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.instrument_ids, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.instrument_id for check in failed}))
