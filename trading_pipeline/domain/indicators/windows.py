"""Sums and deviations over the last bars, each window on its own.

A running total would carry rounding from the array's start into every later value; summing window by
window costs one pass per bar of the window and gives the same bits wherever the array starts.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def rolling_sum(values: Floats, window: int) -> Floats:
    """Sum of the last ``window`` values, in their unit; defined from index ``window - 1``."""
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        count = len(values) - window + 1
        total = np.zeros(count)
        for offset in range(window):
            total += values[offset : offset + count]
        result[window - 1 :] = total
    return result


def rolling_deviation(values: Floats, window: int, *, sample: bool = False) -> Floats:
    """Standard deviation of the last ``window`` values, in their unit; defined from index ``window - 1``.

    :param sample: divide by ``window - 1`` instead of ``window``.
    """
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        count = len(values) - window + 1
        mean = rolling_sum(values, window)[window - 1 :] / window
        squares = np.zeros(count)
        for offset in range(window):
            squares += (values[offset : offset + count] - mean) ** 2
        result[window - 1 :] = np.sqrt(squares / (window - 1 if sample else window))
    return result


def shifted(values: Floats, bars: int = 1) -> Floats:
    """The value ``bars`` earlier; NaN for the first ``bars``."""
    result = np.full(len(values), np.nan)
    result[bars:] = values[: len(values) - bars]
    return result
