"""Bars that may be traded on, checked in one pass because a run is over in milliseconds."""

from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import Floats, Integers, read_only
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays


def refuse_unsound(label: str, bars: BarArrays) -> None:
    """Hold every bar against order and arithmetic.

    :raises DataError: naming the first bar that does not follow the one before it, or whose prices are
        not positive numbers with the low below and the high above all others.
    """
    times = (read_only(bars.open_time_ms), read_only(bars.close_time_ms))
    bar = _first_unsound(*times, *(read_only(column) for column in (bars.open, bars.high, bars.low, bars.close)))
    if bar < len(bars):
        prices = ", ".join(str(column[bar]) for column in (bars.open, bars.high, bars.low, bars.close))
        raise DataError(
            f"{label} bar {bar}, opening at {bars.open_time_ms[bar]} ms: open, high, low, close are {prices}; "
            "bars must be ascending without overlap, prices positive, low and high the extremes"
        )


@compiled
def _first_unsound(
    open_ms: Integers, close_ms: Integers, opens: Floats, highs: Floats, lows: Floats, closes: Floats
) -> int:
    """Index of the first unsound bar, or the number of bars. NaN fails every comparison."""
    until = open_ms[0]
    for i in range(len(closes)):
        low, high = lows[i], highs[i]
        ordered = until <= open_ms[i] < close_ms[i]
        # The bound keeps infinity out, which passes every comparison with other prices.
        inside = 0.0 < low <= opens[i] <= high and low <= closes[i] <= high and high < 1e300
        if not (ordered and inside):
            return i
        until = close_ms[i]
    return len(closes)
