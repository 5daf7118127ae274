"""Bands around the price, in quote currency: upper, middle, lower; NaN until warmed up."""

import numpy as np
import numpy.typing as npt
import talib

from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.volatility import atr, atr_simple
from trading_pipeline.domain.indicators.windows import rolling_deviation, rolling_sum

Floats = npt.NDArray[np.float64]
Bands = tuple[Floats, Floats, Floats]


def bollinger(close: Floats, period: int, width: float, *, sample: bool = False) -> Bands:
    """Mean of ``period`` closes ± ``width`` standard deviations, quote currency; defined from index ``period - 1``.

    Source: J. Bollinger, Bollinger on Bollinger Bands, 2001 (population deviation). Not TA-Lib's
    BBANDS, which reports no width at all for prices below about 1e-6.

    :param sample: use the sample deviation.
    """
    middle = rolling_sum(close, period) / period
    half = width * rolling_deviation(close, period, sample=sample)
    return middle + half, middle, middle - half


def keltner(
    bars: tuple[Floats, Floats, Floats], ema_period: int, atr_period: int, multiple: float, *, simple: bool = False
) -> Bands:
    """EMA of the close ± ``multiple`` ATR, quote currency; defined from the later of both warm-ups.

    Source: C. Keltner 1960 in the form of L. Raschke, with ATR for the width.

    :param bars: high, low, close.
    :param simple: width from the plain mean of the ranges instead of Wilder's ATR.
    """
    middle = ema(bars[2], ema_period)
    half = multiple * (atr_simple if simple else atr)(*bars, atr_period)
    return middle + half, middle, middle - half


def donchian(high: Floats, low: Floats, period: int) -> tuple[Floats, Floats]:
    """Highest high and lowest low of the last ``period`` bars in quote currency, the current one included.

    Defined from index ``period - 1``. A breakout compares the close with the channel of the bar
    before (``windows.shifted``): no close can leave a channel that already contains its bar. Source: R.
    Donchian's four-week rule, 1960 (TA-Lib MAX and MIN).
    """
    # TA-Lib refuses a period of 1.
    if period == 1:
        return high.copy(), low.copy()
    upper: Floats = talib.MAX(high, period)
    lower: Floats = talib.MIN(low, period)
    return upper, lower


def band_position(close: Floats, bands: Bands) -> Floats:
    """Where the close lies between lower and upper band, as a fraction clamped to 0 to 1; 0.5 where they coincide.

    Defined where the bands are. Source: %b of J. Bollinger, Bollinger on Bollinger Bands, 2001, clamped.
    """
    upper, _, lower = bands
    width = upper - lower
    inside = np.divide(close - lower, width, out=np.full(len(close), 0.5), where=width > 0)
    # `where` left the 0.5 of the output in place for NaN widths as well, as NaN > 0 is false.
    inside[np.isnan(width)] = np.nan
    clamped: Floats = np.clip(inside, 0.0, 1.0)
    return clamped
