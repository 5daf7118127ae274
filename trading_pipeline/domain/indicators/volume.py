"""Volume indicators over a stated window, so that no value depends on where the array starts."""

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.indicators.windows import rolling_sum

Floats = npt.NDArray[np.float64]


def obv(close: Floats, volume: Floats, window: int) -> Floats:
    """On-balance volume of the last ``window`` bars, base currency; defined from index ``window``.

    Sum of +volume on a higher close, -volume on a lower one, 0 on an equal one. Source:
    J. Granville, New Key to Stock Market Profits, 1963, there since the beginning of time.
    """
    flow = signed_volume(close, volume)
    flow[:1] = np.nan  # the first bar has no change, so a window that holds it has no sum
    return rolling_sum(flow, window)


def signed_volume(close: Floats, volume: Floats) -> Floats:
    """Volume (base currency) with the sign of the close's change; the first bar is 0."""
    flow: Floats = np.sign(np.diff(close, prepend=close[:1])) * volume
    return flow
