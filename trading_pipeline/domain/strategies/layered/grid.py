"""Entries on evenly spaced levels away from the recent extreme."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.bands import donchian
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.windows import shifted
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Integers, Leaving
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)

_CHANNEL = 20
_TOUCH = 1e-9
"""Of a level's distance: a price that stands on a level has reached it, whatever rounding says."""


@dataclass(frozen=True, slots=True)
class GridParameters(StopParameters):
    """Number of levels; ``spacing`` and ``take_profit`` are each a fraction of the price, 0.01 for 1 %."""

    stop_atr_multiple: float = ranged(5.0, 0.1, 20.0)
    levels: int = ranged(5, 1, 50)
    spacing: float = ranged(0.01, 0.0005, 0.2)
    take_profit: float = ranged(0.015, 0.0005, 0.5)


@dataclass(frozen=True)
class Grid(OpinionStrategy):
    """Long each time the low reaches one more level below the highest high of the 20 bars before.

    Levels are ``spacing`` apart; a long is closed when the high reaches the lowest low of the 20 bars
    before, raised by twice ``take_profit``. Shorts mirror this. A bar that reaches levels on both sides
    says nothing.
    """

    name: ClassVar[str] = "grid"
    parameters: GridParameters = field(default_factory=GridParameters)

    @property
    def warmup_bars(self) -> int:
        """The channel of the bars before, on two bars, and the ATR."""
        return max(_CHANNEL + 2, self.parameters.atr_period + 2)

    def opinions(self, bars: BarArrays) -> Opinions:
        """Buy and sell on the bars that reach a further level."""
        rule = self.parameters
        top, bottom = (shifted(edge) for edge in donchian(bars.high, bars.low, _CHANNEL))
        below = np.clip(np.floor((1 - bars.low / top) / rule.spacing + _TOUCH), 0, rule.levels)
        above = np.clip(np.floor((bars.high / bottom - 1) / rule.spacing + _TOUCH), 0, rule.levels)
        deeper, higher = below > shifted(below), above > shifted(above)
        holds = {"warming_up": np.isnan(shifted(top)), "both_sides": deeper & higher}
        evidence = {"levels_below": below, "levels_above": above}
        return form_opinions(holds, deeper, higher, "no_level", 0.5, evidence)

    def direction(self, action: Integers) -> Integers:
        """Every further level is an entry, even on the bar after another one."""
        return action

    def leave(self, bars: BarArrays) -> Leaving:
        """Targets, measured from the opposite end of the channel before."""
        top, bottom = (shifted(edge) for edge in donchian(bars.high, bars.low, _CHANNEL))
        reach = 2 * self.parameters.take_profit
        up, down = bottom * (1 + reach), top * (1 - reach)
        return Leaving(beyond(bars.high, up, up) >= 0, beyond(bars.low, down, down) <= 0)
