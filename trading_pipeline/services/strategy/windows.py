"""The bars from which one instrument's day is computed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

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
    scope, timeframe = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe)), scope.timeframe
    frame = bars.frame(scope.instrument_ids, timeframe, *scope.open_times_until(now))
    # No sound bar looks back on one, unless it is computed over as if it were not there.
    if not (sane := possible(frame)).all():
        frame = frame[sane]
    numbers, sound = bar_numbers(frame["open_time"], timeframe), _sound_numbers(checks, scope)
    days = [(day, bar_number(day, timeframe), bar_number(day + _DAY, timeframe)) for day in scope.days]
    for instrument_id, rows in instrument_rows(frame):
        opens = numbers[rows]
        is_sound = np.isin(opens, sound.get(instrument_id, []))
        for day, begin, end in days:
            first, last = np.searchsorted(opens, [bar_number(scope.anchor(day, instrument_id), timeframe), end])
            kept = is_sound[first:last] & (opens[first:last] >= begin)
            if kept.any():
                # Up to the last sound bar: bars behind it are of no use to any result that is stored.
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


def unsound_instruments(checks: CheckStore, scope: PartitionRange) -> tuple[str, ...]:
    """Instruments with a verdict against one of the days' bars, sorted."""
    failed = checks.failed(scope.instrument_ids, scope.timeframe, scope.start, scope.end)
    return tuple(sorted({check.instrument_id for check in failed}))
