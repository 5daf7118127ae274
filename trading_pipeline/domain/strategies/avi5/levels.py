"""Levels of an AVI-5 trade: in how many parts it is entered, and where it takes profit."""

import numpy as np

from trading_pipeline.domain.strategies.framework.arrays import EntryGrid, Floats

EXIT_GRID = ((1.0, 0.4), (2.0, 0.3), (3.0, 0.3))
"""R multiple and share of the position per target: reduce-only limits."""

SWING_EXIT_GRID = ((1.0, 0.4),)
"""In swing mode the rest runs until the opposite channel breaks."""

ENTRY_VALID_BARS = 3
"""Unfilled entry levels are cancelled after so many bars, or at the first target."""


def entry_grid(entry: Floats, stop: Floats, count: int, step_r: float) -> EntryGrid:
    """Equal quantities at the entry and every ``step_r`` of the risk against it, all behind the one stop.

    A level loses its quantity times its distance to the stop, so equal quantities take shares of the risk
    in proportion to the distances, and together lose all of it and no more.

    :param entry: quote currency, shape ``(n,)``; ``stop`` likewise.
    :param count: levels, the entry included; the last has to lie before the stop.
    :param step_r: distance between two levels, in R.
    """
    depth = step_r * np.arange(count)
    left = 1.0 - depth
    price = entry[:, None] - np.outer(entry - stop, depth)
    return EntryGrid(price, np.tile(left / left.sum(), (len(entry), 1)))
