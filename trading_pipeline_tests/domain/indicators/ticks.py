"""Bars counted in whole ticks, so that truth about them can be had in whole numbers and fractions."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Ints = list[int]


@dataclass(frozen=True)
class Ticks:
    """Bars of one instrument in whole ticks."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    def prices(self, name: str, per_unit: int = 1) -> np.ndarray:
        """One column as float64 prices of a unit that has ``per_unit`` ticks: the floats a file would be read as."""
        return np.array([tick / per_unit for tick in getattr(self, name)])


def tick_walk(seed: int, count: int = 300) -> Ticks:
    """A random walk of a few ticks a bar with quiet stretches, 60 to 700,000 ticks above zero."""
    draw = np.random.default_rng(seed)
    start, step = (230, 700_000, 400, 60)[seed % 4], (1, 2, 10)[seed % 3]
    moves = draw.integers(-step, step + 1, count)
    for quiet in (0 if seed % 2 else count // 3, *draw.integers(0, count, 2)):
        moves[quiet : quiet + 35] = 0
    close = np.maximum(start // 3, start + np.cumsum(moves))
    opened = np.r_[start, close[:-1]]
    wicks = draw.integers(0, step + 1, (2, count)) * (moves != 0)
    columns = opened, np.maximum(opened, close) + wicks[0], np.minimum(opened, close) - wicks[1], close
    return Ticks(*(column.tolist() for column in columns), draw.integers(1, 50, count).tolist())


def exact_wilder(values: list[Fraction], period: int) -> list[Fraction | None]:
    """Wilder's average without rounding, ``None`` until it is defined."""
    found: list[Fraction | None] = [None] * min(period - 1, len(values))
    average = sum(values[:period], Fraction()) / period
    for at in range(period - 1, len(values)):
        if at >= period:
            average += (values[at] - average) / period
        found.append(average)
    return found


def exact_ema(values: Ints, period: int) -> list[Fraction | None]:
    """EMA without rounding, seeded with the mean of the first ``period`` values."""
    found: list[Fraction | None] = [None] * (period - 1)
    average = Fraction(sum(values[:period]), period)
    for at in range(period - 1, len(values)):
        if at >= period:
            average += (values[at] - average) * Fraction(2, period + 1)
        found.append(average)
    return found


def exact_adx(high: Ints, low: Ints, period: int) -> list[float | None]:
    """Wilder's ADX of whole ticks: sums of moves in whole ticks, so that equal moves are equal."""
    plus = minus = 0.0
    directional: list[float] = []
    found: list[float | None] = [None]
    average = 0.0
    for at in range(1, len(high)):
        up, down = high[at] - high[at - 1], low[at - 1] - low[at]
        faded = 0.0 if at < period else 1 / period
        plus += (up if up > max(down, 0) else 0) - plus * faded
        minus += (down if down > max(up, 0) else 0) - minus * faded
        if at >= period:
            directional.append(100 * abs(plus - minus) / (plus + minus) if plus + minus else 0.0)
        if len(directional) == period:
            average = sum(directional) / period
        elif len(directional) > period:
            average = (average * (period - 1) + directional[-1]) / period
        found.append(average if len(directional) >= period else None)
    return found


def sign(value: Fraction | float) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)
