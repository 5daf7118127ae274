"""Prices far from the volume-weighted average are expected back."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.vwap import rolling_vwap, typical_price
from trading_pipeline.domain.indicators.windows import rolling_deviation
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Flags, Floats, Leaving
from trading_pipeline.domain.strategies.framework.parameters import ranged
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    BUY,
    SELL,
    Opinions,
    OpinionStrategy,
    StopParameters,
    changes,
    form_opinions,
)


@dataclass(frozen=True, slots=True)
class VwapReversionParameters(StopParameters):
    """Window in bars; ``enter`` and ``exit`` in standard deviations of the close."""

    window: int = ranged(96, 2, 1000)
    enter: float = ranged(1.0, 0.01, 10.0)
    exit: float = ranged(0.3, 0.0, 10.0)

    def check(self) -> None:
        """A trade has to begin further away than it ends."""
        if self.exit >= self.enter:
            raise ConfigurationError(f"exit = {self.exit}: must be below enter = {self.enter}")


@dataclass(frozen=True)
class VwapReversion(OpinionStrategy):
    """Buy ``enter`` deviations below VWAP, sell as far above; close within ``exit`` of it; confidence 0.6.

    VWAP of the typical price over the window; z = (close - VWAP) / population deviation of the close.
    """

    name: ClassVar[str] = "vwap_reversion"
    parameters: VwapReversionParameters = field(default_factory=VwapReversionParameters)

    @property
    def warmup_bars(self) -> int:
        """The window and the ATR on two bars."""
        return max(self.parameters.window, self.parameters.atr_period + 1) + 1

    def opinions(self, bars: BarArrays) -> Opinions:
        """The side of VWAP on which the close is stretched."""
        bars.require_volume(self.name)
        average, deviation = self._average_and_deviation(bars)
        z = np.full(len(bars), np.nan)
        np.divide(bars.close - average, deviation, out=z, where=deviation > 0)
        enter = self.parameters.enter * deviation
        buy = beyond(bars.close, average - enter, bars.close) <= 0
        sell = beyond(bars.close, average + enter, bars.close) >= 0
        holds = {"not_enough_bars": np.isnan(z), "z_converged": self._near(bars.close, average, deviation)}
        return form_opinions(holds, buy, sell, "weak_deviation", 0.6, {"vwap": average, "z": z})

    def leave(self, bars: BarArrays) -> Leaving:
        """Back at VWAP everything is closed; a new opposite opinion closes too."""
        near = self._near(bars.close, *self._average_and_deviation(bars))
        turned = changes(self.opinions(bars).action, self.warmup_bars - 1)
        return Leaving(near | (turned == SELL), near | (turned == BUY))

    def _near(self, close: Floats, average: Floats, deviation: Floats) -> Flags:
        """Closes within ``exit`` deviations of VWAP; none where the close has not moved."""
        reach = self.parameters.exit * deviation
        return (beyond(np.abs(close - average), reach, close) <= 0) & (deviation > 0)

    def _average_and_deviation(self, bars: BarArrays) -> tuple[Floats, Floats]:
        """VWAP, and the deviation of the close around its own mean, quote currency."""
        window = self.parameters.window
        # The deviation is that of the close around its own mean: around VWAP,
        # the stretch that is looked for would be part of its own measure.
        average = rolling_vwap(typical_price(bars.high, bars.low, bars.close), bars.volume, window)
        return average, rolling_deviation(bars.close, window)
