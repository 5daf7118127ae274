"""The order in which a bar visits its extremes, where no finer bars tell: one rule for the engine and the exchange.

``benchmarks/intrabar_paths.py`` measures on recorded bars how often each rule is right.
"""

from enum import IntEnum


class IntrabarPath(IntEnum):
    """``PULLBACK_FIRST``: an up bar its low first, a down bar its high; ``CANDLE_DIRECTION`` the other way round.

    ``NEAREST_EXTREME``: what lies nearer to the open. ``CONSERVATIVE``: what is worse for who holds or waits, which
    an exchange does not know.
    """

    CANDLE_DIRECTION = 0
    NEAREST_EXTREME = 1
    CONSERVATIVE = 2
    PULLBACK_FIRST = 3


def high_comes_first(path: int, opening: float, high: float, low: float, close: float) -> bool:
    """Whether a bar visits its high before its low under a rule that asks the bar alone; unchanged bars count as up."""
    if path == IntrabarPath.CANDLE_DIRECTION:
        return close >= opening
    if path == IntrabarPath.NEAREST_EXTREME:
        return abs(opening - high) < abs(opening - low)
    return close < opening
