"""The rules of the three-segment divergence, written once for longs.

A short is a long on mirrored bars: prices negated, high and low exchanged, histogram, RSI and volume
flow negated. So each rule exists once and the two sides cannot drift apart.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from trading_pipeline.domain.indicators.gaps import rising_gaps
from trading_pipeline.domain.indicators.momentum import macd, rsi
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.pivots import last_known, pivot_lows
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volume import signed_volume
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Flags, Floats, Integers

CONFIRMATIONS = ("ENGULFING", "RSI_DIV", "OBV_DIV", "FVG_PROXIMITY")
"""The confirmations in the order in which hits are listed."""

PIVOT_BARS = 2
"""Neighbours on each side of a pivot, and so the bars after which it is known."""

GAP_BARS = 50
# The Vegas tunnel: 144 is a Fibonacci number, 169 the square of 13.
VEGAS_PERIODS = (144, 169)


@dataclass(frozen=True, slots=True)
class View:
    """Bars and indicators as one side sees them; ``sign`` is -1 when they are mirrored.

    :param with_trend: closes strictly beyond both Vegas averages, on this side.
    :param flow: volume with the sign of the close's change.
    """

    sign: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    histogram: Floats
    rsi: Floats
    flow: Floats
    with_trend: Flags

    @classmethod
    def of_longs(cls, bars: BarArrays) -> Self:
        """The bars as they are. MACD 12/26/9, RSI 14, Vegas averages EMA 144 and 169."""
        histogram = macd(bars.close, 12, 26, 9)[2]
        flow = signed_volume(bars.close, bars.volume)
        above = _vegas_side(bars.close) > 0
        return cls(1, bars.open, bars.high, bars.low, bars.close, histogram, rsi(bars.close, 14), flow, above)

    def mirrored(self, bars: BarArrays) -> "View":
        """What shorts see."""
        below = _vegas_side(bars.close) < 0
        return View(-1, -self.open, -self.low, -self.high, -self.close, -self.histogram, -self.rsi, -self.flow, below)


def _vegas_side(close: Floats) -> Floats:
    """1 or -1 where the close lies on that side of both Vegas averages, else 0."""
    sides = [np.sign(beyond(close, ema(close, period), close)) for period in VEGAS_PERIODS]
    return np.where(sides[0] == sides[1], sides[0], 0.0)


@dataclass(frozen=True, slots=True)
class Setups:
    """The divergence of one side at every bar.

    :param newest: position in ``pivots`` of the third pivot, -1 where there is none yet.
    :param present: whether the newest three pivots known at the bar diverge.
    """

    pivots: Integers
    newest: Integers
    present: Flags

    def triple(self, at: Integers) -> Integers:
        """Bar indices of the three pivots, oldest first, for the bars ``at``: shape (3, len(at))."""
        third = self.newest[at]
        return np.stack([self.pivots[third - 2], self.pivots[third - 1], self.pivots[third]])


def find_setups(view: View) -> Setups:
    """Three pivot lows, each below the one before, with the histogram rising from each to the next.

    An undefined histogram at any of the three makes no setup.
    """
    # The newest pivot known at a bar is `PIVOT_BARS` old at least: none is used before it is confirmed.
    pivots = pivot_lows(view.low, PIVOT_BARS, PIVOT_BARS)
    newest = last_known(pivots, len(view.low), PIVOT_BARS)
    price, histogram = view.low[pivots], view.histogram[pivots]
    step = (price[1:] < price[:-1]) & (beyond(histogram[1:], histogram[:-1], price[1:]) > 0)
    diverges = np.zeros(len(pivots) + 1, dtype=np.bool_)  # the last cell answers for newest == -1
    diverges[2:-1] = step[1:] & step[:-1]
    return Setups(pivots, newest, diverges[newest])


def confirmations(view: View, setups: Setups) -> Flags:
    """Hits per confirmation and bar, shape (4, bars), in the order of ``CONFIRMATIONS``."""
    # The momentum confirmations compare the two newest pivots, so they are facts about a pivot.
    pivots = setups.pivots
    lower = np.diff(view.low[pivots]) < 0
    strength = view.rsi[pivots]
    rsi_rose = beyond(strength[1:], strength[:-1], 100.0) > 0
    obv_rose = beyond(_flow_between(view.flow, pivots), 0.0, _flow_between(np.abs(view.flow), pivots)) > 0
    # One cell more than pivots: index -1, "no pivot yet", reads the last one, which stays false.
    by_pivot = np.zeros((2, len(pivots) + 1), dtype=np.bool_)
    by_pivot[:, 1:-1] = lower & np.stack([rsi_rose, obv_rose])
    momentum = by_pivot[:, setups.newest]
    return np.stack([_engulfing(view), momentum[0], momentum[1], _inside_gap(view)])


def _flow_between(flow: Floats, pivots: Integers) -> Floats:
    """Change of the on-balance volume (base currency) from each pivot to the next: the sum of ``flow`` between them.

    Summed per stretch, so that ties do not depend on where the array starts.
    """
    if len(pivots) < 2:
        return np.empty(0)
    return np.add.reduceat(flow[: pivots[-1] + 1], pivots[:-1] + 1)


def _engulfing(view: View) -> Flags:
    """A rising body that covers the falling body before it, edges included."""
    rising, falling = view.close > view.open, view.close < view.open
    hit = np.zeros(len(view.close), dtype=np.bool_)
    covers = (view.open[1:] <= view.close[:-1]) & (view.close[1:] >= view.open[:-1])
    hit[1:] = falling[:-1] & rising[1:] & covers
    return hit


def _inside_gap(view: View) -> Flags:
    """The close lies in the newest rising gap, if that is among the last ``GAP_BARS`` bars."""
    gap = rising_gaps(view.high, view.low)
    bar = np.arange(len(gap))
    recent = (gap >= 2) & (bar - gap < GAP_BARS)
    bottom, top = view.high[np.maximum(gap - 2, 0)], view.low[gap]
    return recent & (bottom <= view.close) & (view.close <= top)
