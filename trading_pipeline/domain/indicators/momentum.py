"""Momentum: float64 in, same length out, NaN until warmed up."""

import numpy as np
import numpy.typing as npt
import talib

from trading_pipeline.domain.indicators.bands import donchian
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.windows import rolling_sum

Floats = npt.NDArray[np.float64]


def macd(close: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """Line, signal and histogram, in the unit of the price.

    Line = EMA(fast) - EMA(slow), each seeded on its own first values, defined from ``slow - 1``;
    signal = EMA of the line seeded on its first ``signal`` real values, defined from
    ``slow + signal - 2``. TA-Lib's own MACD starts the fast average late, so the line is composed here.
    Source: G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979.
    """
    line = ema(close, fast) - ema(close, slow)
    # TA-Lib refuses an input without one number; such a line has no signal either.
    average = ema(line, signal) if np.isfinite(line).any() else line
    return line, average, line - average


def rsi(close: Floats, period: int) -> Floats:
    """Relative strength index, 0 to 100, Wilder's smoothing; defined from index ``period``.

    100 when there was no loss; 50 when the price has not moved at all (TA-Lib says 0 there).
    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978 (TA-Lib RSI).
    """
    values: Floats = talib.RSI(close, period)
    if len(close) > period:
        moved = np.flatnonzero(close != close[0])
        still_until = int(moved[0]) if len(moved) else len(close)
        values[period:still_until] = 50.0
    return values


def stochastic(high: Floats, low: Floats, close: Floats, period: int, smoothing: int) -> tuple[Floats, Floats]:
    """%K and %D, 0 to 100: the close's place in the range of ``period`` bars, and its mean.

    Defined from index ``period - 1`` and ``smoothing - 1`` later; 50 where the range is zero. Source:
    G. Lane, the fast form.
    """
    upper, lower = donchian(high, low, period)
    width = upper - lower
    k = np.divide(100 * (close - lower), width, out=np.full(len(close), 50.0), where=width > 0)
    k[np.isnan(width)] = np.nan
    # Not TA-Lib's running mean: its rounding decides between %K and %D where both stand at an end.
    return k, rolling_sum(k, smoothing) / smoothing


def adx(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Average directional index, 0 to 100: strength of a trend without its direction.

    Defined from index ``2 * period - 1``. Source: Wilder 1978 (TA-Lib ADX).
    """
    values: Floats = talib.ADX(high, low, close, period)
    return values
