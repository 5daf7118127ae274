"""Breakouts from Bollinger bands that lay inside the Keltner channel."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.bands import bollinger, keltner
from trading_pipeline.domain.indicators.ties import beyond
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
class KeltnerSqueezeParameters(StopParameters):
    """Periods in bars; widths in standard deviations and in ATR."""

    period: int = ranged(20, 2, 500)
    bollinger_width: float = ranged(2.0, 0.1, 10.0)
    keltner_atr_period: int = ranged(20, 2, 200)
    keltner_multiple: float = ranged(1.5, 0.1, 10.0)


@dataclass(frozen=True)
class KeltnerSqueeze(OpinionStrategy):
    """Buy above the upper Bollinger band and the average out of a squeeze, sell in the mirror; confidence 0.65.

    The Keltner channel is the EMA of the close plus and minus plain-mean ATR. A squeeze is Bollinger bands
    narrower than the channel, on this bar or the one before: the breakout itself widens the bands.
    """

    name: ClassVar[str] = "keltner_squeeze"
    parameters: KeltnerSqueezeParameters = field(default_factory=KeltnerSqueezeParameters)

    @property
    def warmup_bars(self) -> int:
        """Both bands on the bar before, and the ATR, on two bars."""
        rule = self.parameters
        return max(rule.period + 1, rule.keltner_atr_period + 2, rule.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side of the breakout."""
        rule = self.parameters
        upper, _, lower = bollinger(bars.close, rule.period, rule.bollinger_width)
        prices = (bars.high, bars.low, bars.close)
        top, middle, bottom = keltner(prices, rule.period, rule.keltner_atr_period, rule.keltner_multiple, simple=True)
        excess = beyond(upper - lower, top - bottom, bars.close)
        holds = {
            "not_enough_bars": np.isnan(shifted(excess)),
            # Now or one bar ago: the breakout itself widens the bands it leaves.
            "no_squeeze": np.minimum(excess, shifted(excess)) >= 0,
        }
        side = beyond(bars.close, middle, bars.close)
        buy = (beyond(bars.close, upper, bars.close) > 0) & (side > 0)
        sell = (beyond(bars.close, lower, bars.close) < 0) & (side < 0)
        evidence = {"bollinger_upper": upper, "bollinger_lower": lower, "keltner_upper": top, "keltner_lower": bottom}
        return form_opinions(holds, buy, sell, "squeezed_wait_breakout", 0.65, evidence)
