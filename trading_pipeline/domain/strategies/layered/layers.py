"""Positions built in layers, followed bar by bar inside cycles of bounded length.

Such strategies remember their entries. So that a decision does not depend on where the bars start,
memory ends with each cycle: a stretch of ``cycle_bars`` bars, counted from 1970-01-01 UTC. A cycle of
which the array does not hold the first bar is left out.
"""

from dataclasses import dataclass
from typing import Self

import numba
import numpy as np

from trading_pipeline.domain.indicators.ties import ROUNDING
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Flags, Floats, Integers


@dataclass(frozen=True, slots=True)
class Cycles:
    """Where every bar lies in its cycle.

    :param place: 0 to ``cycle_bars - 1``; -1 in a first cycle of which the beginning is missing.
    :param ends: bars at which everything closes: the last of a cycle, or the first bar after it where
        the last is missing.
    """

    place: Integers
    ends: Flags

    @classmethod
    def of(cls, bars: BarArrays, cycle_bars: int) -> Self:
        """Cycles by the clock, so that the last bar of one is known without its successor."""
        if not len(bars):
            return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_))
        # Bars are numbered since 1970, so that cycles lie at the same instants wherever the array starts.
        number = bars.open_time_ms // (bars.close_time_ms[0] - bars.open_time_ms[0])
        place, cycle = number % cycle_bars, number // cycle_bars
        ends = place == cycle_bars - 1
        # A missing last bar must not let a cycle's layers live on into the next one.
        ends[1:] |= (cycle[1:] > cycle[:-1]) & ~ends[:-1]
        # The beginning of the first cycle is not there: what was entered in it cannot be known.
        if place[0]:
            place[cycle == cycle[0]] = -1
        return cls(place, ends)


@dataclass(frozen=True, slots=True)
class Layers:
    """What happened at each bar.

    :param opened: number of the layer opened at the bar's close, 0 for none.
    :param mean_entry: mean price of the open layers after the bar, NaN without any.
    :param closed: whether all layers close at the bar's close.
    """

    opened: Integers
    mean_entry: Floats
    closed: Flags


def follow_layers(
    bars: BarArrays, trigger: Flags, cycles: Cycles, direction: int, limits: tuple[int, float, float]
) -> Layers:
    """Follow the layers of one side through all cycles.

    A first layer opens at a ``trigger``, a further one where the close lies at least ``step`` beyond the
    last layer's on the losing side, or at a trigger where there is no step. All close together when the
    close reaches their mean entry moved by ``target``, or at the end of the cycle; such a bar opens none.

    :param direction: 1 long, -1 short.
    :param limits: most layers, step as a fraction of price (negative: none), target as a fraction of price.
    """
    opened = np.zeros(len(bars), dtype=np.int64)
    mean = np.full(len(bars), np.nan)
    closed = np.zeros(len(bars), dtype=np.bool_)
    slack = ROUNDING * bars.close  # a close on a level has reached it
    _follow((opened, mean, closed), (bars.close, slack, trigger, cycles.place >= 0, cycles.ends), direction, limits)
    return Layers(opened, mean, closed)


@numba.njit(cache=True)
def _follow(
    results: tuple[Integers, Floats, Flags],
    inputs: tuple[Floats, Floats, Flags, Flags, Flags],
    direction: int,
    limits: tuple[int, float, float],
) -> None:
    """Fill the three result arrays in place."""
    opened, mean, closed = results
    close, slack, trigger, whole, ends = inputs
    most, step, target = limits
    count, total, last = 0, 0.0, 0.0
    for i in range(len(close)):
        reached = count > 0 and direction * (close[i] - total / count * (1 + direction * target)) >= -slack[i]
        stepped = direction * (close[i] - last * (1 - direction * step)) <= slack[i]
        wanted = trigger[i] if count == 0 or step < 0 else stepped
        if ends[i] or reached:
            closed[i] = count > 0
            count, total = 0, 0.0
        elif whole[i] and wanted and count < most:
            count, total, last = count + 1, total + close[i], close[i]
            opened[i] = count
        if count > 0:
            mean[i] = total / count
