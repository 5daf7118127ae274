"""Volume-weighted average price over a UTC day or over the last bars, never since the array's start.

Prices in quote currency. Where no volume traded the average does not exist: NaN.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.windows import rolling_sum

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class VwapBands:
    """The average and its volume-weighted standard deviation, per bar, both in quote currency."""

    vwap: Floats
    deviation: Floats

    def at(self, multiple: float) -> tuple[Floats, Floats]:
        """Upper and lower band ``multiple`` deviations away, quote currency."""
        return self.vwap + multiple * self.deviation, self.vwap - multiple * self.deviation


def typical_price(high: Floats, low: Floats, close: Floats) -> Floats:
    """(high + low + close) / 3, quote currency, defined everywhere."""
    return (high + low + close) / 3


def rolling_vwap(price: Floats, volume: Floats, window: int) -> Floats:
    """Average of ``price`` weighted by volume over the last ``window`` bars, quote currency; from ``window - 1`` on.

    Source: S. Berkowitz, D. Logue, E. Noser, The Total Cost of Transactions on the NYSE, 1988.
    """
    return _ratio(rolling_sum(price * volume, window), rolling_sum(volume, window))


def rolling_vwap_bands(price: Floats, close: Floats, volume: Floats, window: int) -> VwapBands:
    """Rolling average of ``price`` with the volume-weighted deviation of the closes around it.

    sqrt(sum v (close - average)^2 / sum v) over the same ``window`` bars, 0 where all closes lie on it; defined
    from ``window - 1``.
    """
    average = rolling_vwap(price, volume, window)
    total = rolling_sum(volume, window)
    # Expanded around the current average: sum v (c - a)^2 with a fixed inside each window.
    squares = np.full(len(close), np.nan)
    count = len(close) - window + 1
    if count > 0:
        inside = np.zeros(count)
        for offset in range(window):
            span = slice(offset, offset + count)
            inside += volume[span] * (close[span] - average[window - 1 :]) ** 2
        squares[window - 1 :] = inside
    return VwapBands(average, beyond(np.sqrt(_ratio(squares, total)), 0.0, average))


def session_vwap_bands(open_time_ms: Integers, price: Floats, volume: Floats) -> VwapBands:
    """Average of ``price`` since midnight UTC, with its volume-weighted deviation.

    Undefined on a first day of which the array does not hold the beginning.
    """
    day = open_time_ms // _DAY_MS
    first: Floats = pd.Series(price).groupby(day).transform("first").to_numpy()
    away = price - first  # squares of prices would lose the deviation in rounding
    frame = pd.DataFrame({"volume": volume, "flow": away * volume, "square": away * away * volume})
    total = frame.groupby(day).cumsum()
    mean = _ratio(total["flow"].to_numpy(), total["volume"].to_numpy())
    # The array begins in the middle of a day: its average would depend on where somebody cut the bars.
    if len(day) and open_time_ms[0] % _DAY_MS:
        mean[day == day[0]] = np.nan
    variance = _ratio(total["square"].to_numpy(), total["volume"].to_numpy()) - mean**2
    # Rounding can leave a variance of zero slightly negative.
    return VwapBands(first + mean, np.sqrt(np.maximum(variance, 0.0)))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is zero or undefined."""
    quotient = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.nan_to_num(denominator) > 0)
    return quotient
