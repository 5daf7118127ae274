"""The stochastic's side from the outer range, in a market that trends."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.momentum import adx, stochastic
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
class StochasticAdxParameters(StopParameters):
    """Periods in bars; ``min_adx``, ``buy_below`` and ``sell_above`` on scales of 0 to 100."""

    k_period: int = ranged(14, 2, 200)
    d_period: int = ranged(3, 2, 50)
    adx_period: int = ranged(14, 2, 200)
    min_adx: float = ranged(18.0, 0.0, 100.0)
    buy_below: float = ranged(40.0, 0.0, 100.0)
    sell_above: float = ranged(60.0, 0.0, 100.0)


@dataclass(frozen=True)
class StochasticAdx(OpinionStrategy):
    """Buy when %K is above %D and low, sell when below and high, if ADX shows a trend; confidence 0.6."""

    name: ClassVar[str] = "stochastic_adx"
    parameters: StochasticAdxParameters = field(default_factory=StochasticAdxParameters)

    @property
    def warmup_bars(self) -> int:
        """Stochastic, ADX and ATR on two bars."""
        rule = self.parameters
        return max(rule.k_period + rule.d_period, 2 * rule.adx_period + 1, rule.atr_period + 2)

    def opinions(self, bars: BarArrays) -> Opinions:
        """The stochastic's side."""
        rule = self.parameters
        k, d = stochastic(bars.high, bars.low, bars.close, rule.k_period, rule.d_period)
        strength = adx(bars.high, bars.low, bars.close, rule.adx_period)
        flat = beyond(strength, rule.min_adx, 100.0) < 0
        holds = {"not_enough_bars": np.isnan(d) | np.isnan(strength), "low_trend_strength": flat}
        side = beyond(k, d, 100.0)
        buy = (side > 0) & (beyond(k, rule.buy_below, 100.0) < 0)
        sell = (side < 0) & (beyond(k, rule.sell_above, 100.0) > 0)
        return form_opinions(holds, buy, sell, "stoch_neutral", 0.6, {"k": k, "d": d, "adx": strength})
