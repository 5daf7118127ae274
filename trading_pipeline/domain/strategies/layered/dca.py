"""Averaging in: an entry every so many bars, one exit for all."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import (
    ArrayStrategy,
    BarArrays,
    Decisions,
    Leaving,
    decisions_with_atr_stop,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters, ranged
from trading_pipeline.domain.strategies.layered.layers import Cycles, Layers, follow_layers


@dataclass(frozen=True, slots=True)
class DcaParameters(Parameters):
    """Bars between entries, most entries at once, and the end of it.

    :param take_profit: target as a fraction above the mean entry.
    :param hold_bars: length of a cycle; everything closes at its end.
    :param short: whether to build shorts instead of longs.
    """

    every_bars: int = ranged(10, 1, 1000)
    max_entries: int = ranged(5, 1, 100)
    take_profit: float = ranged(0.03, 0.0005, 1.0)
    hold_bars: int = ranged(100, 2, 1000)
    atr_period: int = ranged(14, 2, 200)
    stop_atr_multiple: float = ranged(5.0, 0.1, 20.0)
    short: bool = ranged(False, False, True)

    def check(self) -> None:
        """A cycle has to have room for a second entry."""
        if self.every_bars >= self.hold_bars:
            raise ConfigurationError(f"every_bars = {self.every_bars}: must be below hold_bars = {self.hold_bars}")


@dataclass(frozen=True)
class Dca(ArrayStrategy):
    """An entry at every ``every_bars``-th bar of a cycle, up to ``max_entries`` at once.

    Cycles of ``hold_bars`` bars are counted from 1970-01-01 UTC, so that they lie at the same bars
    wherever the bars start.
    """

    name: ClassVar[str] = "dca"
    parameters: DcaParameters = field(default_factory=DcaParameters)

    @property
    def warmup_bars(self) -> int:
        """The ATR of the stop."""
        return self.parameters.atr_period + 1

    def decide(self, bars: BarArrays) -> Decisions:
        """One decision per layer; the layer's number and the mean entry are evidence."""
        rule, layers = self.parameters, self._layers(bars)
        direction = np.where(layers.opened > 0, -1 if rule.short else 1, 0)
        ranges = atr(bars.high, bars.low, bars.close, rule.atr_period)
        evidence = {"layer": layers.opened.astype(np.float64), "mean_entry": layers.mean_entry}
        return decisions_with_atr_stop(bars, direction, ranges, rule.stop_atr_multiple, evidence)

    def leave(self, bars: BarArrays) -> Leaving:
        """Targets and ends of cycles."""
        closed = self._layers(bars).closed
        nothing = np.zeros_like(closed)
        return Leaving(nothing, closed) if self.parameters.short else Leaving(closed, nothing)

    def _layers(self, bars: BarArrays) -> Layers:
        """Entries by the clock, once the ATR is there."""
        rule = self.parameters
        cycles = Cycles.of(bars, rule.hold_bars)
        # By the place in the cycle and not by bars counted from the
        # first one: a rerun that starts elsewhere enters alike.
        trigger = (cycles.place % rule.every_bars == 0) & (np.arange(len(bars)) >= rule.atr_period)
        # A negative step is none: entries come by the clock, whatever the price did.
        limits = (rule.max_entries, -1.0, rule.take_profit)
        return follow_layers(bars, trigger, cycles, -1 if rule.short else 1, limits)
