"""Ranges and volatility, in the unit of the price: float64 in, same length out, NaN until warmed up."""

import numpy as np
import numpy.typing as npt
import talib

from trading_pipeline.domain.indicators.moving_averages import ema, sma

Floats = npt.NDArray[np.float64]


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Largest of high - low, |high - previous close| and |low - previous close|, quote currency; defined from index 1.

    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978 (TA-Lib TRANGE).
    """
    return talib.TRANGE(high, low, close)


def atr(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Average true range in Wilder's smoothing: seed the mean of ``period`` ranges, then alpha = 1 / period.

    In quote currency, defined from index ``period`` (TA-Lib ATR). This is the project's default; ``atr_simple`` and
    ``atr_exponential`` exist for rules that are stated with them.
    """
    return talib.ATR(high, low, close, period)


def atr_simple(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Plain mean of the last ``period`` true ranges, quote currency; defined from index ``period``."""
    return sma(true_range(high, low, close), period)


def atr_exponential(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """True ranges smoothed with alpha = 2 / (period + 1), quote currency; defined from index ``period``."""
    return ema(true_range(high, low, close), period)
