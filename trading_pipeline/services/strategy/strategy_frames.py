"""The bars a strategy of the pipeline looks at: its own, and beside them values of higher timeframes.

Higher bars are read from their own anchor and judged on the spot by the rules of ``check_bars``. Stored
verdicts would not do: they exist for days that were computed, and the first bars of a day look at higher
bars of the day before, which a backfill of that day alone has read but not judged.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.missing_bars import bar_number, bar_numbers, lost_numbers, missing_since
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.higher_timeframes import as_of_close, closing_values, longer
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.services.strategy.windows import DayWindow

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _HigherBars:
    """Stored bars of one higher timeframe, by instrument.

    :param disputed: open times of bars about whose prices the sources disagree.
    """

    scope: PartitionRange
    rows: dict[InstrumentId, pd.DataFrame]
    listings: dict[InstrumentId, FirstAvailableBar]
    disputed: dict[InstrumentId, set[datetime]]


@dataclass(frozen=True, slots=True)
class StrategyFrames:
    """Windows as the strategies of one partition range see them; each timeframe is read once, when it is asked for."""

    bars: BarStore
    scope: PartitionRange
    now: datetime
    _read: dict[Timeframe, _HigherBars] = field(default_factory=dict)

    def window_of(self, window: DayWindow, strategy: Strategy) -> DayWindow:
        """The window with the strategy's higher timeframes; itself where it asks for none.

        :raises DataError: bars that the strategy cannot make its context of.
        """
        frame = window.bars
        for timeframe in longer(strategy, self.scope.timeframe):
            day = day_of(window.bars["open_time"].iloc[-1].to_pydatetime())
            bars, sound = self._sound(timeframe, window.instrument_id, day)
            frame = as_of_close(frame, closing_values(strategy, bars)[sound], timeframe)
        return window if frame is window.bars else replace(window, bars=frame)

    def _sound(
        self, timeframe: Timeframe, instrument_id: InstrumentId, day: datetime
    ) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        """Higher bars from the day's anchor to the first that is missing, and which are undisputed."""
        read = self._higher(timeframe)
        rows = read.rows[instrument_id]
        first = _first_open(read, instrument_id, day)
        begin, end = pd.DatetimeIndex(rows["open_time"]).searchsorted(pd.DatetimeIndex([first, day + _DAY]))
        bars = rows.iloc[begin:end].reset_index(drop=True)
        numbers = bar_numbers(bars["open_time"], timeframe)
        lost = lost_numbers(read.scope.outages.get(instrument_id, ()), timeframe)
        sane = possible(bars)
        # From the first fault on nothing is known: recursive values carry it into every later bar.
        unbroken = missing_since(numbers, bar_number(first, timeframe), lost) == 0
        # Where holes are computed over, an impossible bar is one: left out below, and no end of what is known.
        if not self.scope.computes_over:
            unbroken &= sane
        bars = bars[np.logical_and.accumulate(unbroken) & sane]
        return bars, ~bars["open_time"].isin(read.disputed.get(instrument_id, set())).to_numpy()

    def _higher(self, timeframe: Timeframe) -> _HigherBars:
        """Everything stored of a timeframe that a day of the range may look at."""
        # Read once for all instruments and strategies of the range.
        if timeframe not in self._read:
            outages = self.bars.outages(self.scope.instrument_ids, timeframe)
            scope = replace(self.scope, timeframe=timeframe).bridging(outages)
            start, end = scope.open_times_until(self.now)
            frame = self.bars.frame(scope.instrument_ids, timeframe, start, end)
            disputed: dict[InstrumentId, set[datetime]] = {}
            for conflict in self.bars.conflicts(scope.instrument_ids, timeframe, start, end):
                disputed.setdefault(conflict.instrument_id, set()).add(conflict.open_time)
            rows = {
                instrument_id: frame[frame["instrument_id"] == instrument_id] for instrument_id in scope.instrument_ids
            }
            listings = self.bars.first_available_bars(scope.instrument_ids, timeframe)
            self._read[timeframe] = _HigherBars(scope, rows, listings, disputed)
        return self._read[timeframe]


def _first_open(read: _HigherBars, instrument_id: InstrumentId, day: datetime) -> datetime:
    """Where the day's bars have to begin: at their anchor, or at the first the venue has."""
    anchor, listing = read.scope.anchor(day, instrument_id), read.listings.get(instrument_id)
    if listing is not None and listing.asked_from <= anchor:
        return max(anchor, listing.first_open)
    return anchor
