"""Volume indicators over a stated window, so that no value depends on where the array starts."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float64]


def obv(close: Floats, volume: Floats, window: int) -> Floats:
    """On-balance volume of the last ``window`` bars, base currency; defined from index ``window``.

    Sum of +volume on a higher close, -volume on a lower one, 0 on an equal one. Source:
    J. Granville, New Key to Stock Market Profits, 1963, there since the beginning of time.
    """
    flow = signed_volume(close, volume)
    result = np.full(len(close), np.nan)
    if len(close) > window:
        # Summing each window on its own keeps the last bits independent of the array's start.
        result[window:] = sliding_window_view(flow[1:], window).sum(axis=-1)
    return result


def signed_volume(close: Floats, volume: Floats) -> Floats:
    """Volume with the sign of the close's change; the first bar is 0."""
    return np.sign(np.diff(close, prepend=close[:1])) * volume
