"""Fair value gaps: price zones that three bars in a row left untraded."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def rising_gaps(high: Floats, low: Floats) -> Integers:
    """For every bar, the newest bar ``i`` up to it with ``low[i] > high[i - 2]``; -1 before the first.

    The zone of such a gap is ``high[i - 2]`` to ``low[i]`` and is known at the close of bar ``i``;
    prices in quote currency, positions from index 2. Source: fair value gap of M. Huddleston (ICT).
    """
    newest = np.full(len(low), -1, dtype=np.int64)
    if len(low) > 2:
        at = np.arange(2, len(low))
        # Positions ascend, so the running maximum is the newest gap so far.
        newest[2:] = np.where(low[2:] > high[:-2], at, -1)
    return np.maximum.accumulate(newest)


def falling_gaps(high: Floats, low: Floats) -> Integers:
    """For every bar, the newest bar ``i`` up to it with ``high[i] < low[i - 2]``; -1 before the first.

    The zone of such a gap is ``high[i]`` to ``low[i - 2]``. Source and warm-up as of ``rising_gaps``.
    """
    # Mirrored prices: what falls in the one rises in the other.
    return rising_gaps(-low, -high)
