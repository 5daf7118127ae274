"""Two exponential averages that cross, with a stop some ATR away."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.arrays import (
    ArrayStrategy,
    BarArrays,
    Decisions,
    decisions_with_atr_stop,
)
from trading_pipeline.domain.strategies.base import Parameters, ranged


@dataclass(frozen=True, slots=True)
class EmaAtrParameters(Parameters):
    """Periods in bars; the stop's distance in ATR."""

    fast_period: int = ranged(12, 2, 500)
    slow_period: int = ranged(26, 3, 1000)
    atr_period: int = ranged(14, 2, 200)
    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)

    def check(self) -> None:
        """The fast average has to be the faster one."""
        if self.fast_period >= self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}: must be below slow_period = {self.slow_period}"
            )


@dataclass(frozen=True)
class EmaAtr(ArrayStrategy):
    """Long when the fast average crosses above the slow one at a close, short when below.

    Entry at that close, stop ``stop_atr_multiple`` ATR (Wilder) away.
    """

    name: ClassVar[str] = "ema_atr"
    parameters: EmaAtrParameters = field(default_factory=EmaAtrParameters)

    @property
    def warmup_bars(self) -> int:
        """Both averages on two bars, and the ATR."""
        return max(self.parameters.slow_period + 1, self.parameters.atr_period + 1)

    def decide(self, bars: BarArrays) -> Decisions:
        """A decision at every cross."""
        rule = self.parameters
        fast, slow = ema(bars.close, rule.fast_period), ema(bars.close, rule.slow_period)
        side = np.sign(fast - slow)
        # A cross needs both averages on the bar before; NaN compares false with everything.
        direction = np.zeros(len(bars), dtype=np.int64)
        direction[1:][(side[1:] > 0) & (side[:-1] <= 0)] = 1
        direction[1:][(side[1:] < 0) & (side[:-1] >= 0)] = -1
        ranges = atr(bars.high, bars.low, bars.close, rule.atr_period)
        evidence = {"ema_fast": fast, "ema_slow": slow}
        return decisions_with_atr_stop(bars, direction, ranges, rule.stop_atr_multiple, evidence)
