"""Buying weakness again and again, until the mean entry is in profit."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.momentum import rsi
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr
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
class MartingaleParameters(Parameters):
    """When to begin, when to go on, when to stop.

    :param step: fall below the last entry, as a fraction, before the next one.
    :param take_profit: target as a fraction above the mean entry.
    :param hold_bars: length of a cycle; everything closes at its end.
    """

    rsi_period: int = ranged(14, 2, 50)
    rsi_below: float = ranged(35.0, 1.0, 99.0)
    step: float = ranged(0.02, 0.0005, 0.5)
    take_profit: float = ranged(0.015, 0.0005, 1.0)
    max_entries: int = ranged(4, 1, 20)
    hold_bars: int = ranged(500, 2, 1000)
    atr_period: int = ranged(14, 2, 200)
    stop_atr_multiple: float = ranged(5.0, 0.1, 20.0)


@dataclass(frozen=True)
class Martingale(ArrayStrategy):
    """Long below an RSI level, again ``step`` below each entry, closed together at the target.

    Memory ends with cycles of ``hold_bars`` bars counted from 1970-01-01 UTC. The first entry needs
    the RSI, further ones only the fall.
    """

    name: ClassVar[str] = "martingale"
    parameters: MartingaleParameters = field(default_factory=MartingaleParameters)

    @property
    def warmup_bars(self) -> int:
        """RSI and the ATR of the stop."""
        return max(self.parameters.rsi_period, self.parameters.atr_period) + 1

    def decide(self, bars: BarArrays) -> Decisions:
        """One decision per layer; the layer's number and the mean entry are evidence."""
        rule, layers = self.parameters, self._layers(bars)
        ranges = atr(bars.high, bars.low, bars.close, rule.atr_period)
        evidence = {"layer": layers.opened.astype(np.float64), "mean_entry": layers.mean_entry}
        direction = np.minimum(layers.opened, 1)
        return decisions_with_atr_stop(bars, direction, ranges, rule.stop_atr_multiple, evidence)

    def leave(self, bars: BarArrays) -> Leaving:
        """Targets and ends of cycles."""
        closed = self._layers(bars).closed
        return Leaving(closed, np.zeros_like(closed))

    def _layers(self, bars: BarArrays) -> Layers:
        """Entries once RSI and ATR are there."""
        rule = self.parameters
        weak = beyond(rsi(bars.close, rule.rsi_period), rule.rsi_below, 100.0) < 0
        # The averages have values a little earlier than the warm-up
        # says; no layer opens before the stop's ATR is there.
        weak[: self.warmup_bars - 1] = False
        cycles = Cycles.of(bars, rule.hold_bars)
        limits = (rule.max_entries, rule.step, rule.take_profit)
        return follow_layers(bars, weak, cycles, 1, limits)
