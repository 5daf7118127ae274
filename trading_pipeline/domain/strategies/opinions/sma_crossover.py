"""Two plain averages that cross."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.moving_averages import sma
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class SmaCrossoverParameters(StopParameters):
    """Periods in bars."""

    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)
    fast_period: int = ranged(10, 2, 200)
    slow_period: int = ranged(30, 3, 500)

    def check(self) -> None:
        """The fast average has to be the faster one."""
        if self.fast_period >= self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}: must be below slow_period = {self.slow_period}"
            )


@dataclass(frozen=True)
class SmaCrossover(OpinionStrategy):
    """Long when the fast average crosses above the slow one, closed and reversed when below."""

    name: ClassVar[str] = "sma_crossover"
    parameters: SmaCrossoverParameters = field(default_factory=SmaCrossoverParameters)

    @property
    def warmup_bars(self) -> int:
        """The slow average and the ATR on two bars."""
        return max(self.parameters.slow_period, self.parameters.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side of the fast average."""
        fast, slow = sma(bars.close, self.parameters.fast_period), sma(bars.close, self.parameters.slow_period)
        evidence = {"sma_fast": fast, "sma_slow": slow}
        side = beyond(fast, slow, bars.close)
        return form_opinions({"warming_up": np.isnan(slow)}, side > 0, side < 0, "equal", 0.5, evidence)
