"""The bars from which one instrument's day is computed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instrument_rows import instrument_rows
from trading_pipeline.domain.model.jumps import jumps
from trading_pipeline.domain.model.missing_bars import Integers, bar_number, bar_numbers
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayWindow:
    """Bars of one instrument from a day's anchor to its last sound bar, without those that cannot have been.

    :param bars: columns of ``BAR_COLUMNS``, index from 0.
    :param kept: per bar, whether a result of it may be stored: it is a bar of the day that is computed, and sound or
        behind a hole that is refused.
    :param refused: per bar, whether it lies behind such a hole: positions are left there and none is entered; ``None``
        where no bar does.
    """

    instrument_id: InstrumentId
    bars: pd.DataFrame
    kept: "pd.Series[bool]"
    refused: "pd.Series[bool] | None" = None

    @property
    def entered(self) -> "pd.Series[bool]":
        """Per bar, whether a position may be entered at its close."""
        return self.kept if self.refused is None else self.kept & ~self.refused


def day_windows(bars: BarStore, checks: CheckStore, scope: PartitionRange, now: datetime) -> Iterator[DayWindow]:
    """The window of each instrument and day that has a bar of which a result may be stored.

    Each day is cut out from its own anchor, also when many days are computed together: a row
    depends on the same bars, and so has the same bits, whichever range it was computed in.
    """
    scope, timeframe = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe)), scope.timeframe
    frame = bars.frame(scope.instrument_ids, timeframe, *scope.open_times_until(now))
    # No sound bar looks back on one, unless it is computed over as if it were not there.
    if not (sane := possible(frame)).all():
        frame = frame[sane]
    numbers, sound = bar_numbers(frame["open_time"], timeframe), _sound_numbers(checks, scope)
    behind = {} if scope.computes_over else _behind_holes(checks, scope)
    days = [(day, bar_number(day, timeframe), bar_number(day + _DAY, timeframe)) for day in scope.days]
    for instrument_id, rows in instrument_rows(frame):
        opens = numbers[rows]
        is_sound = np.isin(opens, sound.get(instrument_id, []))
        is_behind = np.isin(opens, behind.get(instrument_id, []))
        jumped = _jumped(frame[rows], opens, timeframe) if is_behind.any() else opens[:0]
        for day, begin, end in days:
            first, last = np.searchsorted(opens, [bar_number(scope.anchor(day, instrument_id), timeframe), end])
            ours = slice(first, last)
            # What is counted changed at a jump, so what is computed from both sides of it ends no position either.
            refused = is_behind[ours] & ~_looks_back_on(jumped, opens[ours])
            kept = (is_sound[ours] | refused) & (opens[ours] >= begin)
            if kept.any():
                # Up to the last one that is kept: bars behind it are of no use to any result that is stored.
                length = len(kept) - int(kept[::-1].argmax())
                window = frame.iloc[rows.start + first : rows.start + first + length].reset_index(drop=True)
                after_hole = pd.Series(refused[:length]) if refused.any() else None
                yield DayWindow(instrument_id, window, pd.Series(kept[:length]), after_hole)


def _jumped(bars: pd.DataFrame, opens: Integers, timeframe: Timeframe) -> Integers:
    """Numbers of the bars to which the price jumps as no market does, ascending."""
    prices = (bars[name].to_numpy(np.float64) for name in ("open", "close"))
    found = jumps(opens * timeframe.ms, (opens + 1) * timeframe.ms, *prices)
    return np.array([jump.open_ms // timeframe.ms for jump in found], np.int64)


def _looks_back_on(jumped: Integers, opens: Integers) -> npt.NDArray[np.bool_]:
    """Of which bars of a window one of some bars lies between its beginning and them."""
    if not len(jumped) or not len(opens):
        return np.zeros(len(opens), np.bool_)
    behind: npt.NDArray[np.bool_] = np.searchsorted(jumped, opens, side="right") > np.searchsorted(jumped, opens[0])
    return behind


def _sound_numbers(checks: CheckStore, scope: PartitionRange) -> dict[InstrumentId, list[int]]:
    """Numbers of the sound bars that a range computes."""
    return {
        instrument_id: [bar_number(open_time, scope.timeframe) for open_time in opens]
        for part in scope.parts
        for instrument_id, opens in checks.sound_bars(
            part.instrument_ids, scope.timeframe, part.start, scope.end
        ).items()
    }


def _behind_holes(checks: CheckStore, scope: PartitionRange) -> dict[InstrumentId, list[int]]:
    """Numbers of bars against which nothing speaks but what lies before them."""
    against = defaultdict[tuple[InstrumentId, datetime], set[CheckName]](set)
    for part in scope.parts:
        for one in checks.failed(part.instrument_ids, scope.timeframe, part.start, scope.end):
            against[one.instrument_id, one.close_time].add(one.name)
    found = defaultdict[InstrumentId, list[int]](list)
    for (instrument_id, close_time), names in against.items():
        # An impossible bar is a hole for those after it; that it is no bar itself is seen to where it is left out.
        if CheckName.SOURCES_AGREE not in names:
            found[instrument_id].append(bar_number(close_time, scope.timeframe) - 1)
    return found


def unsound_instruments(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Instruments with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.instrument_ids, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.instrument_id for check in failed}))
