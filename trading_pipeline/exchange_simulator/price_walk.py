"""The way the price takes through a bar.

Up bars (close >= open) go open → high → low → close, down bars open → low → high → close, each leg
in a third of the bar's time. Between two bars the price jumps from close to open.
"""

from decimal import Decimal
from itertools import pairwise

import numpy as np

from trading_pipeline.exchange_simulator.bars import BarSeries

Corner = tuple[int, int]


def corners(series: BarSeries, index: int) -> tuple[Corner, Corner, Corner, Corner]:
    """The four (instant in UTC ms, price in units of the series) that the path of bar ``index`` joins by legs."""
    begin = int(series.open_ms[index])
    opening, high, low, close = (int(column[index]) for column in (series.open, series.high, series.low, series.close))
    first, second = (high, low) if close >= opening else (low, high)
    # Whole milliseconds; the last leg takes what the division leaves.
    third = series.step_ms // 3
    return (begin, opening), (begin + third, first), (begin + 2 * third, second), (begin + series.step_ms, close)


class PriceWalk:
    """Where the price of one symbol is at any instant of its base bars."""

    def __init__(self, series: BarSeries) -> None:
        self.series = series

    def jump_at(self, now_ms: int) -> Decimal | None:
        """The open price (quote currency) of a bar that opens exactly now, which is where the price goes next."""
        index = int(np.searchsorted(self.series.open_ms, now_ms))
        if index == len(self.series.open_ms) or self.series.open_ms[index] != now_ms:
            return None
        return self.series.price(int(self.series.open[index]))

    def boundary_after(self, now_ms: int) -> int | None:
        """The next instant (UTC ms) at which the path turns or a bar opens; ``None`` at the end of the bars."""
        index = int(np.searchsorted(self.series.open_ms, now_ms, side="right")) - 1
        if index >= 0 and now_ms < int(self.series.open_ms[index]) + self.series.step_ms:
            return next(instant for instant, _ in corners(self.series, index) if instant > now_ms)
        if index + 1 == len(self.series.open_ms):
            return None
        return int(self.series.open_ms[index + 1])

    def close_of_last(self, now_ms: int) -> int:
        """When (UTC ms) the last bar that opened before now closes, or closed; the open of the first bar before any."""
        index = int(np.searchsorted(self.series.open_ms, now_ms)) - 1
        return self.series.first_ms if index < 0 else int(self.series.open_ms[index]) + self.series.step_ms

    def price_at(self, now_ms: int) -> Decimal:
        """The price (quote currency) when the path arrives at ``now_ms``; on a boundary of bars the close before it."""
        index = int(np.searchsorted(self.series.open_ms, now_ms)) - 1
        if index < 0:
            return self.series.price(int(self.series.open[0]))
        path = corners(self.series, index)
        if now_ms >= path[3][0]:
            return self.series.price(path[3][1])
        for (begin, start), (end, goal) in pairwise(path):
            if now_ms <= end:
                return self.series.price(start + (goal - start) * (now_ms - begin) // (end - begin))
        raise AssertionError("a bar's corners cover its whole time")
