"""Ask every bar whether a decision may be taken at its close.

``docs/data_checks.md`` states the rules. A bar that is missing spoils every later bar whose window holds it, because
recursive indicators carry it on. A bar that nobody can have, lost by the venue or impossible, is computed over, unless
the policy refuses it; an impossible one spoils itself in any case, and so does a bar about which sources disagree.
A jump that no market makes spoils what is computed from both sides of it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instrument_rows import instrument_rows
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.jumps import jumps
from trading_pipeline.domain.model.missing_bars import Integers, bar_number, bar_numbers, lost_numbers, missing_since
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore

Save = Callable[[Sequence[JudgedBars]], object]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Bars asked, and the verdicts against them."""

    bars: int
    failed: tuple[DataCheck, ...]

    @property
    def unsound_instruments(self) -> list[str]:
        """Instruments with at least one verdict against them, sorted."""
        return sorted({check.instrument_id for check in self.failed})


def check_bars(bars: BarStore, save: Save, scope: PartitionRange, now: datetime) -> CheckReport:
    """Have one verdict per question kept for every bar that ``scope`` computes and that has closed by ``now``.

    :param save: ``CheckStore.save``, or who sees to it that it is done.
    """
    scope = scope.bridging(bars.outages(scope.instrument_ids, scope.timeframe))
    frame = bars.frame(scope.instrument_ids, scope.timeframe, *scope.open_times_until(now))
    return check_frame(frame, bars, save, scope)


def check_frame(frame: pd.DataFrame, bars: BarStore, save: Save, scope: PartitionRange) -> CheckReport:
    """The same about bars that were read.

    :param frame: of the windows of ``scope``, which reach back over outages.
    """
    listings = bars.first_available_bars(scope.instrument_ids, scope.timeframe)
    disagreements = defaultdict[InstrumentId, dict[datetime, str]](dict)
    for part in scope.parts:
        for conflict in bars.conflicts(part.instrument_ids, scope.timeframe, part.start, scope.end):
            disagreements[conflict.instrument_id][conflict.open_time] = conflict.detail
    asked_from = {instrument_id: part.start for part in scope.parts for instrument_id in part.instrument_ids}
    judged = []
    numbers, sane = bar_numbers(frame["open_time"], scope.timeframe), possible(frame)
    values = {name: frame[name].to_numpy(np.float64) for name in OHLCV}
    for instrument_id, rows in instrument_rows(frame):
        ours = _Bars(instrument_id, {name: column[rows] for name, column in values.items()}, numbers[rows], sane[rows])
        window = _Window.of(ours, scope, asked_from[instrument_id], listings.get(instrument_id))
        judged.append(window.judged(disagreements.get(instrument_id, {})))
    save(judged)
    failed = tuple(check for one in judged for check in one.failed())
    return CheckReport(bars=sum(map(len, judged)), failed=failed)


class _Bars(NamedTuple):
    """The bars of one instrument, oldest first.

    :ivar values: a column for each of ``OHLCV``.
    :ivar numbers: of each bar, counted in bars since the epoch.
    :ivar sane: whether the bar could have been.
    """

    instrument_id: InstrumentId
    values: dict[str, npt.NDArray[np.float64]]
    numbers: Integers
    sane: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Window:
    """The bars of one instrument, with for each the place where its day's computation begins.

    Times are counted in bars since the epoch, so that neighbours differ by one.

    :param anchors: number of the first bar that ought to be there, per bar that is asked about.
    :param first: place of the first bar that is there from the anchor on, per bar that is asked about.
    :param lost: numbers of bars that the venue does not have, where they are computed over.
    :param asked: whether the bar is asked about.
    :param computes_over: whether an impossible bar spoils itself alone.
    """

    bars: _Bars
    timeframe: Timeframe
    anchors: Integers
    first: Integers
    lost: Integers
    asked: npt.NDArray[np.bool_]
    computes_over: bool

    @classmethod
    def of(
        cls,
        bars: _Bars,
        scope: PartitionRange,
        asked_from: datetime,
        listing: FirstAvailableBar | None,
    ) -> "_Window":
        """Find each bar's anchor."""
        timeframe, numbers = scope.timeframe, bars.numbers
        asked = numbers >= bar_number(asked_from, timeframe)
        anchors = np.zeros(len(numbers), np.int64)
        anchors[asked] = _anchors(numbers[asked], scope, bars.instrument_id)
        if listing is not None:
            # A listing counts only where the venue was asked from the anchor on: else the hole before it is one.
            asked_since = bar_number(listing.asked_from, timeframe) <= anchors
            listed = np.maximum(anchors, bar_number(listing.first_open, timeframe))
            anchors = np.where(asked_since, listed, anchors)
        lost = lost_numbers(scope.outages.get(bars.instrument_id, ()), timeframe)
        first = np.searchsorted(numbers, anchors)
        return cls(bars, timeframe, anchors, first, lost, asked, scope.computes_over)

    def judged(self, disagreements: Mapping[datetime, str]) -> JudgedBars:
        """The bars asked about, with what speaks against them.

        :param disagreements: what sources tell of a bar, by its open time (UTC).
        """
        told = {bar_number(opens, self.timeframe): detail for opens, detail in disagreements.items()}
        places = np.flatnonzero(np.isin(self.bars.numbers, list(told))).tolist() if told else []
        against = {
            CheckName.NO_GAP: self.gaps(),
            CheckName.SOURCES_AGREE: {
                place: f"sources disagree: {told[int(self.bars.numbers[place])]}" for place in places
            },
            CheckName.OHLC_SANE: self.jumps() | self.impossible_bars(),
        }
        # Bars asked about are the newest of the window, and are counted from the first of them on.
        asked = np.flatnonzero(self.asked)
        begin = int(asked[0]) if len(asked) else 0
        answers = {
            name: {place - begin: detail for place, detail in details.items() if place >= begin}
            for name, details in against.items()
        }
        closes = (self.bars.numbers[asked] + 1) * self.timeframe.ms
        return JudgedBars(self.bars.instrument_id, self.timeframe, closes, answers)

    def time(self, number: int) -> datetime:
        """Open time (UTC) of a numbered bar."""
        return EPOCH + number * self.timeframe.duration

    def gaps(self) -> dict[int, str]:
        """What is missing between anchor and bar, by place, for the bars asked about."""
        missing = missing_since(self.bars.numbers, self.anchors, self.lost)
        details, since = {}, ""
        for place in np.flatnonzero(self.asked & (missing > 0)):
            # Bars of one day have one anchor, and what is missing first for one of them is so for those after it.
            if not since or self.anchors[place] != self.anchors[place - 1] or missing[place - 1] <= 0:
                since = self.time(self._first_missing(int(place))).isoformat()
            details[int(place)] = f"bars missing since {since}"
        return details

    def _first_missing(self, place: int) -> int:
        """Number of the first bar from the anchor of a bar on that is neither there nor lost."""
        due = np.arange(self.anchors[place], self.bars.numbers[place])
        return int(due[~(np.isin(due, self.bars.numbers) | np.isin(due, self.lost))][0])

    def impossible_bars(self) -> dict[int, str]:
        """The first impossible bar between anchor and bar, or the bar itself, by place, for the bars asked about."""
        wrong, asked = np.flatnonzero(~self.bars.sane), np.flatnonzero(self.asked)
        # Sorted places, so that one search per bar tells whether its window holds one.
        found = np.append(wrong, len(self.bars.numbers))[
            np.searchsorted(wrong, asked if self.computes_over else self.first[asked])
        ]
        blamed = found <= asked
        return {
            place: self._impossible(at)
            for place, at in zip(asked[blamed].tolist(), found[blamed].tolist(), strict=True)
        }

    def _impossible(self, place: int) -> str:
        """What an impossible bar says."""
        values = " ".join(f"{name} {self.bars.values[name][place]}" for name in OHLCV)
        return f"impossible bar at {self.time(int(self.bars.numbers[place])).isoformat()}: {values}"

    def jumps(self) -> dict[int, str]:
        """The newest jump that no market makes between anchor and bar, by place, for the bars asked about.

        What is counted changed there, so what is computed from both sides of it means nothing, whatever the policy.
        """
        numbers, sane = self.bars.numbers, self.bars.sane
        opened, closed = (self.bars.values[name][sane] for name in ("open", "close"))
        opens = numbers[sane] * self.timeframe.ms
        found = jumps(opens, opens + self.timeframe.ms, opened, closed)
        places = np.searchsorted(numbers, [jump.open_ms // self.timeframe.ms for jump in found])
        details = {}
        for place in np.flatnonzero(self.asked) if found else ():
            at = int(np.searchsorted(places, place, side="right")) - 1
            if at >= 0 and places[at] >= self.first[place]:
                details[int(place)] = f"price jumps as no market does: {found[at]}"
        return details


def _anchors(numbers: Integers, scope: PartitionRange, instrument_id: InstrumentId) -> Integers:
    """Number of the first bar of the window of each bar's day."""
    bars_a_day = Timeframe.D1.ms // scope.timeframe.ms
    days, place = np.unique(numbers // bars_a_day, return_inverse=True)
    begin = [scope.anchor(EPOCH + int(day) * Timeframe.D1.duration, instrument_id) for day in days]
    anchors: Integers = np.array([bar_number(instant, scope.timeframe) for instant in begin], np.int64)[place]
    return anchors
