"""Prices at the edge of their Bollinger bands are expected back."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.bands import bollinger
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class BollingerParameters(StopParameters):
    """Period in bars, width in standard deviations.

    :param squeeze: band width as a fraction of the middle below which there is no opinion; nor is there one
        without any width.
    """

    period: int = ranged(20, 2, 500)
    width: float = ranged(2.0, 0.1, 10.0)
    squeeze: float = ranged(0.01, 0.0, 1.0)


@dataclass(frozen=True)
class Bollinger(OpinionStrategy):
    """Buy at or below the lower band, sell at or above the upper one; confidence 0.65."""

    name: ClassVar[str] = "bollinger"
    parameters: BollingerParameters = field(default_factory=BollingerParameters)

    @property
    def warmup_bars(self) -> int:
        """Bands and ATR on two bars."""
        return max(self.parameters.period, self.parameters.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The band the close touches, unless the bands are squeezed."""
        rule = self.parameters
        upper, middle, lower = bollinger(bars.close, rule.period, rule.width)
        # Bands without any width are touched by every close.
        narrow = (beyond(upper - lower, rule.squeeze * middle, middle) < 0) | (upper <= lower)
        holds = {"warming_up": np.isnan(middle), "squeeze": narrow}
        buy, sell = beyond(bars.close, lower, middle) <= 0, beyond(bars.close, upper, middle) >= 0
        return form_opinions(holds, buy, sell, "inside_bands", 0.65, {"upper": upper, "lower": lower})
