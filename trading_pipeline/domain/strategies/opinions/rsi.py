"""An RSI that comes back from an extreme."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.momentum import rsi
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    crosses_down,
    crosses_up,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class RsiParameters(StopParameters):
    """Period in bars, levels 0 to 100."""

    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)
    period: int = ranged(14, 2, 50)
    oversold: float = ranged(30.0, 1.0, 99.0)
    overbought: float = ranged(70.0, 1.0, 99.0)

    def check(self) -> None:
        """Oversold lies below overbought."""
        if self.oversold >= self.overbought:
            raise ConfigurationError(f"oversold = {self.oversold}: must be below overbought = {self.overbought}")


@dataclass(frozen=True)
class Rsi(OpinionStrategy):
    """Long when RSI crosses up through oversold, closed and reversed when it crosses down through overbought."""

    name: ClassVar[str] = "rsi"
    parameters: RsiParameters = field(default_factory=RsiParameters)

    @property
    def warmup_bars(self) -> int:
        """Four periods, after which Wilder's seed weighs less than 5 %; and the ATR."""
        return max(4 * self.parameters.period, self.parameters.atr_period + 2)

    def opinions(self, bars: BarArrays) -> Opinions:
        """Buy and sell at the two crossings, hold between them."""
        rule = self.parameters
        strength = rsi(bars.close, rule.period)
        buy, sell = crosses_up(strength, rule.oversold), crosses_down(strength, rule.overbought)
        return form_opinions({"warming_up": np.isnan(strength)}, buy, sell, "no_cross", 0.5, {"rsi": strength})
