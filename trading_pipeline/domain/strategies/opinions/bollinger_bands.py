"""A close that reaches the edge of its Bollinger bands."""

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
class BollingerBandsParameters(StopParameters):
    """Period in bars, width in sample standard deviations."""

    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)
    period: int = ranged(20, 5, 100)
    width: float = ranged(2.0, 0.5, 5.0)


@dataclass(frozen=True)
class BollingerBands(OpinionStrategy):
    """Long when the close reaches the lower band from above, closed and reversed at the upper band.

    Unlike ``bollinger``: sample deviation and no squeeze rule.
    """

    name: ClassVar[str] = "bollinger_bands"
    parameters: BollingerBandsParameters = field(default_factory=BollingerBandsParameters)

    @property
    def warmup_bars(self) -> int:
        """Bands and ATR on two bars."""
        return max(self.parameters.period, self.parameters.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The band the close lies on or beyond."""
        upper, middle, lower = bollinger(bars.close, self.parameters.period, self.parameters.width, sample=True)
        holds = {"warming_up": np.isnan(middle), "no_width": upper <= lower}
        evidence = {"upper": upper, "lower": lower}
        buy, sell = beyond(bars.close, lower, middle) <= 0, beyond(bars.close, upper, middle) >= 0
        return form_opinions(holds, buy, sell, "inside_bands", 0.5, evidence)
