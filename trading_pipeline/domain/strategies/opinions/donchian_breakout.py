"""Closes beyond the highest high or lowest low of the bars before."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.bands import donchian
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr_simple
from trading_pipeline.domain.indicators.windows import shifted
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class DonchianBreakoutParameters(StopParameters):
    """Channel in bars; ``min_atr_pct`` is the least plain-mean ATR in percent of the close."""

    channel: int = ranged(20, 2, 500)
    min_atr_pct: float = ranged(0.2, 0.0, 100.0)


@dataclass(frozen=True)
class DonchianBreakout(OpinionStrategy):
    """Buy above the channel of the bars before, sell below it; confidence 0.7."""

    name: ClassVar[str] = "donchian_breakout"
    parameters: DonchianBreakoutParameters = field(default_factory=DonchianBreakoutParameters)

    @property
    def warmup_bars(self) -> int:
        """The channel before and the ATR on two bars."""
        return max(self.parameters.channel, self.parameters.atr_period) + 2

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side on which the close left the channel."""
        rule = self.parameters
        # Shifted: no close leaves a channel that contains its own bar.
        upper, lower = (shifted(edge) for edge in donchian(bars.high, bars.low, rule.channel))
        # The limit was stated with the plain mean of ranges, so it is measured with it.
        atr_pct = atr_simple(bars.high, bars.low, bars.close, rule.atr_period) / bars.close * 100
        holds = {
            "not_enough_bars": np.isnan(upper) | np.isnan(atr_pct),
            "atr_too_low": beyond(atr_pct, rule.min_atr_pct, 100.0) < 0,
        }
        buy, sell = bars.close > upper, bars.close < lower
        return form_opinions(holds, buy, sell, "in_channel", 0.7, {"upper": upper, "lower": lower})
