"""Two exponential averages that differ by more than a threshold."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr
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
class EmaCrossParameters(StopParameters):
    """Periods in bars.

    :param threshold_pct: how far apart the averages have to be, percent of the slow one.
    :param max_volatility_pct: ATR in percent of the close above which there is no opinion.
    """

    fast_period: int = ranged(9, 2, 500)
    slow_period: int = ranged(21, 3, 1000)
    threshold_pct: float = ranged(0.1, 0.0, 10.0)
    min_volatility_pct: float = ranged(0.0, 0.0, 100.0)
    max_volatility_pct: float = ranged(10.0, 0.01, 100.0)

    def check(self) -> None:
        """The fast average has to be the faster one, and the volatility limits have to leave room."""
        if self.fast_period >= self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}: must be below slow_period = {self.slow_period}"
            )
        if self.min_volatility_pct >= self.max_volatility_pct:
            raise ConfigurationError(
                f"min_volatility_pct = {self.min_volatility_pct}: must be below "
                f"max_volatility_pct = {self.max_volatility_pct}"
            )


@dataclass(frozen=True)
class EmaCross(OpinionStrategy):
    """Buy when the fast average exceeds the slow one by the threshold, sell in the mirror; confidence 0.6.

    The spread of the book is the risk gate's business: bars do not carry it.
    """

    name: ClassVar[str] = "ema_cross"
    parameters: EmaCrossParameters = field(default_factory=EmaCrossParameters)

    @property
    def warmup_bars(self) -> int:
        """The slow average and the ATR on two bars."""
        return max(self.parameters.slow_period, self.parameters.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side of the fast average where it is far enough from the slow one."""
        rule = self.parameters
        fast, slow = ema(bars.close, rule.fast_period), ema(bars.close, rule.slow_period)
        volatility = atr(bars.high, bars.low, bars.close, rule.atr_period) / bars.close * 100
        margin = rule.threshold_pct / 100
        holds = {
            "warming_up": np.isnan(slow) | np.isnan(volatility),
            "high_volatility": beyond(volatility, rule.max_volatility_pct, 100.0) > 0,
            "low_volatility": beyond(volatility, rule.min_volatility_pct, 100.0) < 0,
        }
        buy = beyond(fast, slow * (1 + margin), bars.close) > 0
        sell = beyond(fast, slow * (1 - margin), bars.close) < 0
        return form_opinions(holds, buy, sell, "no_clear_signal", 0.6, {"ema_fast": fast, "ema_slow": slow})
