"""Pivots: local extremes, which are known only some bars later."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def pivot_lows(low: Floats, left: int = 2, right: int = 2) -> Integers:
    """Indices of bars whose low is strictly below the ``left`` lows before and the ``right`` after.

    An equal neighbour disqualifies. The pivot at ``i`` is known at the close of bar ``i + right``
    and never changes afterwards; a rule that decides at ``t`` may use indices up to ``t - right``.
    The first possible index is ``left``. Source: the fractals of B. Williams, Trading Chaos, 1995.
    """
    if len(low) < left + right + 1:
        return np.empty(0, dtype=np.int64)
    # One comparison per neighbour over all bars at once; strict, so that a plateau has no pivot.
    windows = sliding_window_view(low, left + right + 1)
    middle = windows[:, left]
    lower = np.ones(len(windows), dtype=np.bool_)
    for offset in range(left + right + 1):
        if offset != left:
            lower &= middle < windows[:, offset]
    return np.flatnonzero(lower) + left


def pivot_highs(high: Floats, left: int = 2, right: int = 2) -> Integers:
    """Indices of bars whose high is strictly above its neighbours; known, warmed up and sourced as ``pivot_lows``."""
    return pivot_lows(-high, left, right)


def last_known(pivots: Integers, bar_count: int, right: int = 2) -> Integers:
    """For every bar, the position in ``pivots`` of the newest pivot known at its close, -1 before the first."""
    # Minus `right`: a pivot younger than that has not been confirmed yet, and knowing it would be look-ahead.
    return np.searchsorted(pivots, np.arange(bar_count) - right, side="right") - 1


def last_pivot_price(price: Floats, pivots: Integers, right: int = 2) -> Floats:
    """For every bar, ``price`` (quote currency) at the newest pivot known at its close; NaN before the first."""
    newest = last_known(pivots, len(price), right)
    result = np.full(len(price), np.nan)
    result[newest >= 0] = price[pivots[newest[newest >= 0]]]
    return result
