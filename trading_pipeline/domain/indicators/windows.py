"""Sums and deviations over the last bars, each window on its own.

A running total would carry rounding from the array's start into every later value. Windows that are each summed
alike give the same bits wherever the array starts; sums of doubling length make that one pass per bit of the
window's length.
"""

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.indicators.ties import beyond

Floats = npt.NDArray[np.float64]

_BLOCK = 16_384
"""Windows summed at a time: few enough that what is between stays in the processor's cache."""


def rolling_sum(values: Floats, window: int) -> Floats:
    """Sum of the last ``window`` values, in their unit; defined from index ``window - 1``."""
    result = np.full(len(values), np.nan)
    # At least four windows wide: each block reads `window - 1` values of the next one again.
    count, block = len(values) - window + 1, max(_BLOCK, 4 * window)
    for start in range(0, count, block):
        stop = min(start + block, count)
        result[start + window - 1 : stop + window - 1] = _sums(values[start : stop + window - 1], window)
    return result


def _sums(values: Floats, window: int) -> Floats:
    """Sum of every ``window`` values in a row, put together from sums of 1, 2, 4, ... of them in the same way each."""
    count = len(values) - window + 1
    total, done = np.zeros(count), 0
    block = values
    for bit in range(window.bit_length()):
        if bit:
            half = 1 << (bit - 1)
            block = block[:-half] + block[half:]
        if window >> bit & 1:
            total += block[done : done + count]
            done += 1 << bit
    return total


def rolling_deviation(values: Floats, window: int, *, sample: bool = False) -> Floats:
    """Standard deviation of the last ``window`` values, in their unit; defined from index ``window - 1``.

    0 where the values are equal, although their mean may be rounded away from them.

    :param sample: divide by ``window - 1`` instead of ``window``.
    """
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        count = len(values) - window + 1
        mean = rolling_sum(values, window)[window - 1 :] / window
        squares = np.zeros(count)
        # A pass per offset over whole columns instead of a Python loop over bars: `window` is small, bars are many.
        for offset in range(window):
            squares += (values[offset : offset + count] - mean) ** 2
        deviation = np.sqrt(squares / (window - 1 if sample else window))
        result[window - 1 :] = beyond(deviation, 0.0, mean)
    return result


def shifted(values: Floats, bars: int = 1) -> Floats:
    """The value ``bars`` bars earlier, in its own unit; NaN for the first ``bars``."""
    result = np.full(len(values), np.nan)
    result[bars:] = values[: len(values) - bars]
    return result
