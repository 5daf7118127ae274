"""Moving averages: float64 in, same length out, NaN until warmed up, unit of the input."""

import numpy as np
import numpy.typing as npt
import talib

from trading_pipeline.domain.indicators.windows import rolling_sum

Floats = npt.NDArray[np.float64]


def sma(values: Floats, period: int) -> Floats:
    """Mean of the last ``period`` values; defined from index ``period - 1``.

    Not TA-Lib's running sum, whose rounding grows with the bars behind it.
    """
    return rolling_sum(values, period) / period


def ema(values: Floats, period: int) -> Floats:
    """Exponential average, alpha = 2 / (period + 1), seeded with the mean of the first ``period`` values.

    Defined from index ``period - 1`` after the first defined value (TA-Lib EMA). The seed's share
    of the value falls by (1 - alpha) a bar: 1e-9 after about ten periods.
    """
    # TA-Lib refuses a period of 1; an average of one value is that value.
    if period == 1:
        return values.copy()
    return talib.EMA(values, period)


def wilder(values: Floats, period: int) -> Floats:
    """Wilder's average, alpha = 1 / period, seeded with the mean of the first ``period`` values.

    Defined from index ``period - 1`` after the first defined value. Source: J. W. Wilder, New Concepts in
    Technical Trading Systems, 1978.
    """
    result = np.full(len(values), np.nan)
    start = int(np.argmin(np.isnan(values))) if len(values) else 0
    seed = values[start : start + period]
    if period > 1 and len(seed) == period:
        # An exponential average of 2 period - 1 has the same alpha; as many seeds before it have Wilder's mean.
        lead = 2 * period - 1
        extended = np.concatenate([np.full(lead, seed.mean()), values[start + period :]])
        result[start + period - 1 :] = talib.EMA(extended, lead)[lead - 1 :]
    return values.copy() if period == 1 else result
