"""How much a market moves in a day, in a few numbers."""

from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.indicators.volatility import Floats, atr_simple
from trading_pipeline.domain.model.errors import DataError

LEAST_DAYS = 7
_ATR_DAYS = 14


@dataclass(frozen=True, slots=True)
class DailyVolatility:
    """Of daily bars, each figure in percent.

    :param atr: mean true range of the last 14 days, or of as many as there are, of the last close.
    :param max_move: largest change from one close to the next, either way.
    :param max_drawdown: deepest fall of a close from the highest close before it.
    :param mean_range: mean of high less low, of each day's close.
    """

    days: int
    atr: float
    max_move: float
    max_drawdown: float
    mean_range: float


def daily_volatility(high: Floats, low: Floats, close: Floats) -> DailyVolatility:
    """The figures of bars in their order, quote currency.

    :raises DataError: there are fewer than seven, of which nothing can be said.
    """
    days = len(close)
    if days < LEAST_DAYS:
        raise DataError(f"{days} daily bars are stored, {LEAST_DAYS} at least say how much a market moves")
    ranges = atr_simple(high, low, close, min(_ATR_DAYS, days - 1))
    peaks = np.maximum.accumulate(close)
    return DailyVolatility(
        days=days,
        atr=float(ranges[-1] / close[-1] * 100),
        max_move=float(np.max(np.abs(close[1:] / close[:-1] - 1)) * 100),
        max_drawdown=float(np.max(1 - close / peaks) * 100),
        mean_range=float(np.mean((high - low) / close) * 100),
    )
