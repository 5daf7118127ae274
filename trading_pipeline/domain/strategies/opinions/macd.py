"""A MACD line that crosses its signal line."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.momentum import macd
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
class MacdParameters(StopParameters):
    """Periods in bars."""

    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)
    fast_period: int = ranged(12, 2, 50)
    slow_period: int = ranged(26, 3, 100)
    signal_period: int = ranged(9, 2, 30)

    def check(self) -> None:
        """The fast average has to be the faster one."""
        if self.fast_period >= self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}: must be below slow_period = {self.slow_period}"
            )


@dataclass(frozen=True)
class Macd(OpinionStrategy):
    """Long when the line crosses above its signal, closed and reversed when below."""

    name: ClassVar[str] = "macd"
    parameters: MacdParameters = field(default_factory=MacdParameters)

    @property
    def warmup_bars(self) -> int:
        """The signal line and the ATR on two bars."""
        rule = self.parameters
        return max(rule.slow_period + rule.signal_period, rule.atr_period + 2)

    def opinions(self, bars: BarArrays) -> Opinions:
        """The sign of the histogram."""
        rule = self.parameters
        line, signal, histogram = macd(bars.close, rule.fast_period, rule.slow_period, rule.signal_period)
        evidence = {"macd": line, "signal": signal}
        holds = {"warming_up": np.isnan(histogram)}
        side = beyond(histogram, 0.0, bars.close)
        return form_opinions(holds, side > 0, side < 0, "equal", 0.5, evidence)
