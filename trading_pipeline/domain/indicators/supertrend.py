"""Supertrend: a trailing band that the close has to break to turn the trend."""

import numba
import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.indicators.ties import ROUNDING
from trading_pipeline.domain.indicators.volatility import atr

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def supertrend(high: Floats, low: Floats, close: Floats, period: int, multiple: float) -> tuple[Floats, Integers]:
    """The trailing band in quote currency and the side of the trend: 1 up, -1 down, 0 not warmed up.

    Bands lie ``multiple`` ATR around (high + low) / 2; the lower one never falls while the close
    before stayed above it, the upper one never rises while it stayed below. The trend turns when the
    close crosses the band of its side. Defined from index ``period``; the first side is taken from the
    close's side of the middle and is forgotten at the first turn. Source: O. Seban's indicator.
    """
    ranges = atr(high, low, close, period)
    band, side = np.full(len(close), np.nan), np.zeros(len(close), dtype=np.int64)
    if len(close) > period:
        _follow(band, side, np.stack([(high + low) / 2, multiple * ranges, close, ROUNDING * close]), period)
    return band, side


@numba.njit(cache=True)
def _follow(band: Floats, side: Integers, inputs: Floats, start: int) -> None:
    """Fill ``band`` and ``side`` in place; ``inputs`` has the rows middle, half width, close and what is rounding.

    A close on a band has not crossed it.
    """
    middle, half, close, slack = inputs[0], inputs[1], inputs[2], inputs[3]
    upper, lower = middle[start] + half[start], middle[start] - half[start]
    trend = 1 if close[start] >= middle[start] - slack[start] else -1
    for i in range(start, len(close)):
        new_upper, new_lower = middle[i] + half[i], middle[i] - half[i]
        if i > start:
            upper = new_upper if close[i - 1] > upper + slack[i] else min(new_upper, upper)
            lower = new_lower if close[i - 1] < lower - slack[i] else max(new_lower, lower)
        if trend == 1 and close[i] < lower - slack[i]:
            trend = -1
        elif trend == -1 and close[i] > upper + slack[i]:
            trend = 1
        side[i] = trend
        band[i] = lower if trend == 1 else upper
