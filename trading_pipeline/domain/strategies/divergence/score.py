"""How good a divergence looks: 0 to 60 for its shape, 0 to 40 for its confirmations. Never decides."""

import numpy as np

from trading_pipeline.domain.strategies.framework.arrays import Floats, Integers

# Fractions at which a part of the score is full.
_FULL_MOMENTUM_CHANGE = 0.15
_FULL_PRICE_CHANGE = 0.01


def divergence_strength(index: Integers, price: Floats, histogram: Floats) -> Floats:
    """0 to 60 from the three pivots, arrays of shape (3, signals).

    30 for the histogram shrinking by 15 % or more from the second pivot to the third, 20 for the price
    moving 1 % or more, 10 for equal distances between the pivots, each in proportion.
    """
    second, third = np.abs(histogram[1]), np.abs(histogram[2])
    # A second pivot without momentum has nothing that could shrink.
    shrinking = np.where(second <= 1e-12, 0.0, (second - third) / np.maximum(second, 1e-12))
    moved = np.abs((price[2] - price[1]) / price[1])
    momentum = 30 * np.clip(shrinking / _FULL_MOMENTUM_CHANGE, 0, 1)
    distance = 20 * np.clip(moved / _FULL_PRICE_CHANGE, 0, 1)
    strength: Floats = momentum + distance + 10 * _symmetry(np.diff(index, axis=0))
    return strength


def _symmetry(gaps: Integers) -> Floats:
    """1 when one distance (in bars) is at most twice the other, 0 when four times or more."""
    ratio = gaps.max(axis=0) / gaps.min(axis=0)
    symmetry: Floats = np.clip((4 - ratio) / 2, 0, 1)
    return symmetry


def confluence_strength(hits: Integers, min_confirmations: int) -> Floats:
    """0 to 40 from the number of confirmations above the minimum: 0 without any, else 10, 20, 30, 40."""
    steps = np.clip(hits - min_confirmations + 2, 1, 4)
    return np.where(hits > 0, steps * 10.0, 0.0)
