"""Two exponential averages that cross, with a stop some ATR away."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr_simple
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
class EmaAtrParameters(StopParameters):
    """Periods in bars; the stop's distance in ATR.

    :param max_atr_pct: plain-mean ATR in percent of the close above which there is no opinion; 1000 is off.
    :param min_slope_pct: least change of the fast average in percent of the close for a buy; -100 is off.
    """

    fast_period: int = ranged(12, 2, 500)
    slow_period: int = ranged(26, 3, 1000)
    stop_atr_multiple: float = ranged(2.0, 0.1, 20.0)
    max_atr_pct: float = ranged(1000.0, 0.01, 1000.0)
    min_slope_pct: float = ranged(-100.0, -100.0, 100.0)

    def check(self) -> None:
        """The fast average has to be the faster one."""
        if self.fast_period >= self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}: must be below slow_period = {self.slow_period}"
            )


@dataclass(frozen=True)
class EmaAtr(OpinionStrategy):
    """Buy while the fast average is above the slow one, sell while it is below; confidence 0.6.

    So a long opens when the fast average crosses above the slow one at a close, a short when below.
    """

    name: ClassVar[str] = "ema_atr"
    parameters: EmaAtrParameters = field(default_factory=EmaAtrParameters)

    @property
    def warmup_bars(self) -> int:
        """The averages and their slope, and the ATR, on two bars."""
        return max(self.parameters.slow_period, self.parameters.atr_period) + 2

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side of the fast average, unless the range is too wide or the average too flat."""
        rule = self.parameters
        fast, slow = ema(bars.close, rule.fast_period), ema(bars.close, rule.slow_period)
        slope = (fast - shifted(fast)) / bars.close * 100
        # The limit was stated with the plain mean of ranges, so it is measured with it; the stop's ATR is Wilder's.
        atr_pct = atr_simple(bars.high, bars.low, bars.close, rule.atr_period) / bars.close * 100
        holds = {
            "not_enough_bars": np.isnan(slow) | np.isnan(atr_pct),
            "atr_too_high": beyond(atr_pct, rule.max_atr_pct, 100.0) > 0,
        }
        side = beyond(fast, slow, bars.close)
        buy = (side > 0) & (beyond(slope, rule.min_slope_pct, 100.0) >= 0)
        evidence = {"ema_fast": fast, "ema_slow": slow}
        return form_opinions(holds, buy, side < 0, "flat_or_low_slope", 0.6, evidence)
