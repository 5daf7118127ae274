"""The side of the supertrend."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.supertrend import supertrend
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class SupertrendParameters(StopParameters):
    """Period of the band's ATR in bars and its multiple; the stop has its own."""

    period: int = ranged(10, 2, 200)
    multiple: float = ranged(3.0, 0.1, 20.0)


@dataclass(frozen=True)
class Supertrend(OpinionStrategy):
    """Buy while the trend is up, sell while it is down; confidence 0.6."""

    name: ClassVar[str] = "supertrend"
    parameters: SupertrendParameters = field(default_factory=SupertrendParameters)

    @property
    def warmup_bars(self) -> int:
        """Band and ATR on two bars."""
        return max(self.parameters.period, self.parameters.atr_period) + 2

    def opinions(self, bars: BarArrays) -> Opinions:
        """The trend's side."""
        rule = self.parameters
        band, side = supertrend(bars.high, bars.low, bars.close, rule.period, rule.multiple)
        holds = {"not_enough_bars": np.isnan(band)}
        return form_opinions(holds, side > 0, side < 0, "not_enough_bars", 0.6, {"band": band})
