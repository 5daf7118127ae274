"""The way the price takes through a bar.

From the open to one extreme, the other and the close, each leg in a third of the bar's time; which extreme comes
first is a rule by name (``domain.model.intrabar_paths``). Between two bars the price jumps from close to open.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np

from trading_pipeline.domain.model.intrabar_paths import IntrabarPath, high_comes_first
from trading_pipeline.exchange_simulator.bars import BarSeries

Corner = tuple[int, int]
Path = tuple[Corner, Corner, Corner, Corner]
_NOWHERE: Path = ((0, 0), (0, 0), (0, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight piece of a path: instants in UTC ms, prices in quote currency."""

    begin_ms: int
    start: Decimal
    end_ms: int
    goal: Decimal

    def price_at(self, instant_ms: Decimal) -> Decimal:
        """The price (quote currency) on the line at an instant of the leg, UTC ms."""
        return self.start + (self.goal - self.start) * self.done_at(instant_ms)

    def done_at(self, instant_ms: Decimal) -> Decimal:
        """The fraction of the leg, 0 to 1, that lies behind at the instant, UTC ms."""
        return (instant_ms - self.begin_ms) / (self.end_ms - self.begin_ms)


class Moment:
    """Where the exchange stands in time: an instant, and whether the bars that open at it have opened.

    A price arrives at a boundary of bars as the close of the one and leaves it as the open of the next.
    """

    __slots__ = ("_now_ms", "opened")

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self.opened = False

    @property
    def now_ms(self) -> int:
        """The instant, UTC milliseconds."""
        return self._now_ms

    def move(self, now_ms: int) -> None:
        """Go on to another instant, UTC milliseconds, where nothing has opened yet."""
        if now_ms != self._now_ms:
            self._now_ms = now_ms
            self.opened = False


class PriceWalk:
    """Where the price of one symbol is at any instant of its base bars."""

    def __init__(self, series: BarSeries, rule: IntrabarPath = IntrabarPath.PULLBACK_FIRST) -> None:
        """:param rule: any but ``CONSERVATIVE``, which asks who holds what."""
        self.series = series
        self._rule = rule
        # The bars asked for last: time goes on in small steps, and stands between two bars again and again.
        self._recent: tuple[Path, Path] = (_NOWHERE, _NOWHERE)

    def corners(self, index: int) -> Path:
        """The four (instant in UTC ms, price in units of the series) that the path of bar ``index`` joins by legs."""
        series = self.series
        begin = int(series.open_ms[index])
        columns = (series.open, series.high, series.low, series.close)
        opening, high, low, close = (int(column[index]) for column in columns)
        high_first = high_comes_first(self._rule, opening, high, low, close)
        first, second = (high, low) if high_first else (low, high)
        # Whole milliseconds; the last leg takes what the division leaves.
        third = series.step_ms // 3
        return (begin, opening), (begin + third, first), (begin + 2 * third, second), (begin + series.step_ms, close)

    def price_at(self, now_ms: int, *, opened: bool = False) -> Decimal:
        """The price (quote currency) at ``now_ms`` (UTC).

        :param opened: on a boundary of bars, the open behind it instead of the close before it.
        """
        path = self._path_before(now_ms + opened)
        if path is None:
            return self.series.price(int(self.series.open[0]))
        if now_ms >= path[3][0]:
            return self.series.price(path[3][1])
        for (begin, start), (end, goal) in pairwise(path):
            if now_ms <= end:
                return self.series.price(start + (goal - start) * (now_ms - begin) // (end - begin))
        raise AssertionError("a bar's corners cover its whole time")

    def leg_from(self, now_ms: int, end_ms: int) -> Leg:
        """The leg that leads away from ``now_ms``; level until ``end_ms`` where there is no bar (UTC)."""
        path = self._path_before(now_ms + 1)
        if path is not None:
            for (begin, start), (end, goal) in pairwise(path):
                if now_ms < end:
                    return Leg(begin, self.series.price(start), end, self.series.price(goal))
        level = self.price_at(now_ms)
        return Leg(now_ms, level, end_ms, level)

    def opens_at(self, now_ms: int) -> bool:
        """Whether a bar opens exactly then, UTC milliseconds."""
        path = self._path_before(now_ms + 1)
        return path is not None and path[0][0] == now_ms

    def close_of_last(self, now_ms: int) -> int:
        """When (UTC ms) the last bar that opened before now closes, or closed; the open of the first bar before any."""
        path = self._path_before(now_ms)
        return self.series.first_ms if path is None else path[3][0]

    def _path_before(self, now_ms: int) -> Path | None:
        """The corners of the last bar that opened before ``now_ms`` (UTC); ``None`` before the first bar."""
        for path in self._recent:
            if path[0][0] < now_ms <= path[3][0]:
                return path
        index = int(np.searchsorted(self.series.open_ms, now_ms)) - 1
        if index < 0:
            return None
        path = self.corners(index)
        self._recent = (path, self._recent[0])
        return path
