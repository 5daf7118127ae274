"""Ask every bar whether a decision may be taken at its close.

``docs/data_checks.md`` states the rules. A bar that is missing or impossible spoils every later bar
whose window holds it, because recursive indicators carry it on; a bar about which sources disagree
spoils only itself.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import WINDOW_BARS, PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Bars asked, and the verdicts against them."""

    bars: int
    failed: tuple[DataCheck, ...]

    @property
    def unsound_instruments(self) -> list[str]:
        """Instruments with at least one verdict against them, sorted."""
        return sorted({check.instrument_id for check in self.failed})


def check_bars(bars: BarStore, checks: CheckStore, scope: PartitionRange, now: datetime) -> CheckReport:
    """Store one verdict per question for every bar that ``scope`` computes and that has closed by ``now``."""
    start, end = scope.open_times_until(now)
    frame = bars.frame(scope.instrument_ids, scope.timeframe, start, end)
    listings = bars.first_available_bars(scope.instrument_ids, scope.timeframe)
    disagreements = {
        (conflict.instrument_id, conflict.open_time): conflict.detail
        for part in scope.parts
        for conflict in bars.conflicts(part.instrument_ids, scope.timeframe, part.start, scope.end)
    }
    asked_from = {instrument_id: part.start for part in scope.parts for instrument_id in part.instrument_ids}
    verdicts: list[DataCheck] = []
    for name, rows in frame.groupby("instrument_id", sort=False):
        instrument_id = InstrumentId(name)
        window = _Window.of(rows, scope, asked_from[instrument_id], listings.get(instrument_id))
        gaps, impossible_bars = window.gaps(), window.impossible_bars()
        for place in np.flatnonzero(window.asked):
            close_time = window.time(int(window.numbers[place]) + 1)
            told = disagreements.get((instrument_id, close_time - scope.timeframe.duration), "")
            details = {
                CheckName.NO_GAP: gaps.get(int(place), ""),
                CheckName.SOURCES_AGREE: f"sources disagree: {told}" if told else "",
                CheckName.OHLC_SANE: impossible_bars.get(int(place), ""),
            }
            verdicts += [
                DataCheck(instrument_id, scope.timeframe, close_time, question, not detail, detail)
                for question, detail in details.items()
            ]
    checks.save(verdicts)
    failed = tuple(check for check in verdicts if not check.passed)
    return CheckReport(bars=len(verdicts) // len(CheckName), failed=failed)


@dataclass(frozen=True, slots=True)
class _Window:
    """The bars of one instrument, with for each the place where its day's computation begins.

    Times are counted in bars since the epoch, so that neighbours differ by one.

    :param anchors: number of the first bar that ought to be there, per bar.
    :param first: place of the first bar that is there from the anchor on, per bar.
    :param asked: whether the bar is asked about.
    """

    rows: pd.DataFrame
    timeframe: Timeframe
    numbers: Integers
    anchors: Integers
    first: Integers
    asked: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, rows: pd.DataFrame, scope: PartitionRange, asked_from: datetime, listing: FirstAvailableBar | None
    ) -> "_Window":
        """Number the bars and find each one's anchor."""
        timeframe = scope.timeframe
        # numpy has no time zones; the instants are UTC before and after.
        opens = rows["open_time"].dt.tz_localize(None).to_numpy("datetime64[ms]").astype(np.int64)
        numbers = opens // timeframe.ms
        bars_a_day = Timeframe.D1.ms // timeframe.ms
        day = numbers // bars_a_day * bars_a_day
        anchors = np.maximum(day - WINDOW_BARS, _number(scope.first_open, timeframe))
        if listing is not None:
            # A listing counts only where the venue was asked from the anchor on: else the hole before it is one.
            asked_since = _number(listing.asked_from, timeframe) <= anchors
            listed = np.maximum(anchors, _number(listing.first_open, timeframe))
            anchors = np.where(asked_since, listed, anchors)
        first = np.searchsorted(numbers, anchors)
        return cls(rows, timeframe, numbers, anchors, first, numbers >= _number(asked_from, timeframe))

    def time(self, number: int) -> datetime:
        """Open time (UTC) of a numbered bar."""
        return EPOCH + number * self.timeframe.duration

    def gaps(self) -> dict[int, str]:
        """What is missing between anchor and bar, by place, for the bars asked about."""
        places = np.arange(len(self.numbers))
        # Bars there should be since the anchor, less those there are.
        missing = (self.numbers - self.anchors) - (places - self.first)
        breaks = np.flatnonzero(np.diff(self.numbers) > 1)
        details = {}
        for place in np.flatnonzero(self.asked & (missing > 0)):
            number = int(self.anchors[place])
            begin = int(self.first[place])
            if self.numbers[begin] == number:
                number = int(self.numbers[breaks[np.searchsorted(breaks, begin)]]) + 1
            details[int(place)] = f"bars missing since {self.time(number).isoformat()}"
        return details

    def impossible_bars(self) -> dict[int, str]:
        """The first impossible bar between anchor and bar, by place, for the bars asked about."""
        # Sorted places, so that one search per bar tells whether its window holds one.
        wrong = np.flatnonzero(~possible(self.rows))
        details = {}
        for place in np.flatnonzero(self.asked):
            at = np.searchsorted(wrong, self.first[place])
            if at < len(wrong) and wrong[at] <= place:
                values = " ".join(f"{name} {self.rows[name].iloc[wrong[at]]}" for name in OHLCV)
                opens = self.time(int(self.numbers[wrong[at]])).isoformat()
                details[int(place)] = f"impossible bar at {opens}: {values}"
        return details


def _number(instant: datetime, timeframe: Timeframe) -> int:
    """Bars between the epoch and ``instant``."""
    return (instant - EPOCH) // timeframe.duration
