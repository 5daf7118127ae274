"""Moving averages: float64 in, same length out, NaN until warmed up, unit of the input."""

import numpy as np
import numpy.typing as npt
import talib

Floats = npt.NDArray[np.float64]


def sma(values: Floats, period: int) -> Floats:
    """Mean of the last ``period`` values; defined from index ``period - 1`` (TA-Lib SMA)."""
    if period == 1:  # TA-Lib starts at 2; the mean of one value is the value
        return values.copy()
    return talib.SMA(values, period)


def ema(values: Floats, period: int) -> Floats:
    """Exponential average, alpha = 2 / (period + 1), seeded with the mean of the first ``period`` values.

    Defined from index ``period - 1`` after the first defined value (TA-Lib EMA). The seed's share
    of the value falls by (1 - alpha) a bar: 1e-9 after about ten periods.
    """
    if period == 1:
        return values.copy()
    return talib.EMA(values, period)
