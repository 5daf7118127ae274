"""Momentum: float64 in, same length out, NaN until warmed up."""

import numpy as np
import numpy.typing as npt
import talib

from trading_pipeline.domain.indicators.moving_averages import ema

Floats = npt.NDArray[np.float64]


def macd(close: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """Line, signal and histogram, in the unit of the price.

    Line = EMA(fast) - EMA(slow), each seeded on its own first values, defined from ``slow - 1``;
    signal = EMA of the line seeded on its first ``signal`` real values, defined from
    ``slow + signal - 2``. TA-Lib's own MACD starts the fast average late, so the line is composed here.
    """
    line = ema(close, fast) - ema(close, slow)
    # TA-Lib refuses an input without one number; such a line has no signal either.
    average = ema(line, signal) if np.isfinite(line).any() else line
    return line, average, line - average


def rsi(close: Floats, period: int) -> Floats:
    """Relative strength index, 0 to 100, Wilder's smoothing; defined from index ``period``.

    100 when there was no loss; 50 when the price has not moved at all (TA-Lib says 0 there).
    """
    values: Floats = talib.RSI(close, period)
    if len(close) > period:
        moved = np.flatnonzero(close != close[0])
        still_until = int(moved[0]) if len(moved) else len(close)
        values[period:still_until] = 50.0
    return values
