"""The bars from which one instrument's day is computed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instrument_rows import instrument_rows
from trading_pipeline.domain.model.missing_bars import bar_number, bar_numbers
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
    scope, timeframe = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe)), scope.timeframe
    frame = bars.frame(scope.instrument_ids, timeframe, *scope.open_times_until(now))
    # No sound bar looks back on one, unless it is computed over as if it were not there.
    if not (sane := possible(frame)).all():
        frame = frame[sane]
    numbers, wanted = bar_numbers(frame["open_time"], timeframe), _sound_numbers(checks, scope)
    if behind_gaps and not scope.computes_over:
        for instrument_id, behind in _behind_gaps(checks, scope).items():
            wanted.setdefault(instrument_id, []).extend(behind)
    days = [(day, bar_number(day, timeframe), bar_number(day + _DAY, timeframe)) for day in scope.days]
    for instrument_id, rows in instrument_rows(frame):
        opens = numbers[rows]
        is_wanted = np.isin(opens, wanted.get(instrument_id, []))
        for day, begin, end in days:
            first, last = np.searchsorted(opens, [bar_number(scope.anchor(day, instrument_id), timeframe), end])
            kept = is_wanted[first:last] & (opens[first:last] >= begin)
            if kept.any():
                # Up to the last one that is kept: bars behind it are of no use to any result that is stored.
                length = len(kept) - int(kept[::-1].argmax())
                window = frame.iloc[rows.start + first : rows.start + first + length].reset_index(drop=True)
                yield DayWindow(instrument_id, window, pd.Series(kept[:length]))


def _sound_numbers(checks: CheckStore, scope: PartitionRange) -> dict[InstrumentId, list[int]]:
    """Numbers of the sound bars that a range computes."""
    return {
        instrument_id: [bar_number(open_time, scope.timeframe) for open_time in opens]
        for part in scope.parts
        for instrument_id, opens in checks.sound_bars(
            part.instrument_ids, scope.timeframe, part.start, scope.end
        ).items()
    }


def _behind_gaps(checks: CheckStore, scope: PartitionRange) -> dict[InstrumentId, list[int]]:
    """Numbers of bars against which a hole before them speaks and nothing else."""
    against = defaultdict[tuple[InstrumentId, datetime], set[CheckName]](set)
    for part in scope.parts:
        for one in checks.failed(part.instrument_ids, scope.timeframe, part.start, scope.end):
            against[one.instrument_id, one.close_time].add(one.name)
    found = defaultdict[InstrumentId, list[int]](list)
    for (instrument_id, close_time), names in against.items():
        if names == {CheckName.NO_GAP}:
            found[instrument_id].append(bar_number(close_time, scope.timeframe) - 1)
    return found


def unsound_instruments(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Instruments with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.instrument_ids, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.instrument_id for check in failed}))
