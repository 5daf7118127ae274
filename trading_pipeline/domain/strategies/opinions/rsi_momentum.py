"""An exhausted RSI with momentum already turning."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.momentum import rsi
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.windows import shifted
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
class RsiMomentumParameters(StopParameters):
    """Periods in bars, RSI levels 0 to 100."""

    rsi_period: int = ranged(14, 2, 200)
    oversold: float = ranged(30.0, 1.0, 99.0)
    overbought: float = ranged(70.0, 1.0, 99.0)
    momentum_period: int = ranged(10, 1, 500)

    def check(self) -> None:
        """Oversold lies below overbought."""
        if self.oversold >= self.overbought:
            raise ConfigurationError(f"oversold = {self.oversold}: must be below overbought = {self.overbought}")


@dataclass(frozen=True)
class RsiMomentum(OpinionStrategy):
    """Buy below oversold with a rising price, sell above overbought with a falling one; confidence 0.7.

    Momentum is the close's change over ``momentum_period`` bars.
    """

    name: ClassVar[str] = "rsi_momentum"
    parameters: RsiMomentumParameters = field(default_factory=RsiMomentumParameters)

    @property
    def warmup_bars(self) -> int:
        """RSI, momentum and ATR on two bars."""
        rule = self.parameters
        return max(rule.rsi_period, rule.momentum_period, rule.atr_period) + 2

    def opinions(self, bars: BarArrays) -> Opinions:
        """The RSI's extreme, if momentum has turned against it."""
        rule = self.parameters
        strength = rsi(bars.close, rule.rsi_period)
        # Plain subtraction is enough where only the sign counts: equal prices are equal floats.
        momentum = bars.close - shifted(bars.close, rule.momentum_period)
        holds = {"warming_up": np.isnan(strength) | np.isnan(momentum)}
        buy = (beyond(strength, rule.oversold, 100.0) < 0) & (momentum > 0)
        sell = (beyond(strength, rule.overbought, 100.0) > 0) & (momentum < 0)
        return form_opinions(holds, buy, sell, "neutral", 0.7, {"rsi": strength, "momentum": momentum})
