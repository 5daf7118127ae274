"""Three-segment divergence between price and MACD histogram, with the trend and confirmed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Details, Signal
from trading_pipeline.domain.strategies.divergence.ids import DivergenceIds
from trading_pipeline.domain.strategies.divergence.rules import (
    CONFIRMATIONS,
    VEGAS_PERIODS,
    Setups,
    View,
    confirmations,
    find_setups,
)
from trading_pipeline.domain.strategies.divergence.score import confluence_strength, divergence_strength
from trading_pipeline.domain.strategies.divergence.stored_setup import stored_setup
from trading_pipeline.domain.strategies.framework.arrays import (
    LONG,
    ArrayStrategy,
    BarArrays,
    Decisions,
    Flags,
    Integers,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters, ranged
from trading_pipeline.domain.strategies.framework.trade_rules import TradeRules

_SCORES = ("signal_quality_score", "divergence_score", "confluence_score")
"""Details of a signal that make up its scoring, in its order."""


@dataclass(frozen=True, slots=True)
class DivergenceParameters(Parameters):
    """How much has to agree, and how old the third pivot may be.

    :param min_confirmations: of the four confirmations.
    :param max_pivot_age_bars: bars from the third pivot to the signal; 0 sets no limit.
    """

    min_confirmations: int = ranged(2, 0, 4)
    max_pivot_age_bars: int = ranged(0, 0, 1000)


@dataclass(frozen=True)
class Divergence(ArrayStrategy):
    """Three pivots each beyond the one before while the histogram loses momentum at each.

    Long: three falling pivot lows with a rising histogram, close above EMA 144 and EMA 169, at least
    ``min_confirmations`` confirmations; entry at the close, stop at the third pivot. Short is the
    mirror image and is looked at only where no long setup stands. A set of pivots signals once, at
    the first close at which every gate passes; a stop on the wrong side of the entry is such a gate.
    """

    name: ClassVar[str] = "divergence"
    tells_momentum: ClassVar[bool] = True
    parameters: DivergenceParameters = field(default_factory=DivergenceParameters)

    @property
    def warmup_bars(self) -> int:
        """The slower Vegas average."""
        return max(VEGAS_PERIODS)

    @property
    def trade_rules(self) -> TradeRules:
        """It enters on the histogram and leaves by it."""
        return TradeRules(next_bar_exit=True)

    def decide(self, bars: BarArrays) -> Decisions:
        """The first passing bar of every set of pivots."""
        bars.require_volume(self.name)
        longs = View.of_longs(bars)
        long_setups = find_setups(longs)
        long_side = self._side(longs, long_setups, long_setups.present)
        shorts = longs.mirrored(bars)
        short_setups = find_setups(shorts)
        # Two opposite divergences at once say nothing: where a long setup stands, no short is looked for.
        short_side = self._side(shorts, short_setups, short_setups.present & ~long_setups.present)
        return long_side.merged_with(short_side)

    def _side(self, view: View, setups: Setups, present: Flags) -> Decisions:
        """Decisions of one side from the bars where its setup is ``present``."""
        hits = confirmations(view, setups)
        stop = view.low[setups.pivots[setups.newest]] if len(setups.pivots) else np.full(len(view.low), np.nan)
        passing = present & view.with_trend & (stop < view.close)
        passing &= hits.sum(axis=0) >= self.parameters.min_confirmations
        if limit := self.parameters.max_pivot_age_bars:
            bar = np.arange(len(view.low))
            passing &= bar - setups.pivots[setups.newest] <= limit
        candidates = np.flatnonzero(passing)
        # unique gives the first place of each set of pivots: the first close at which every gate passes.
        _, first = np.unique(setups.newest[candidates], return_index=True)
        return self._decisions(view, setups, hits, candidates[first])

    def _decisions(self, view: View, setups: Setups, hits: Flags, at: Integers) -> Decisions:
        """Prices, scores and evidence of the deciding bars ``at``."""
        index = setups.triple(at) if len(at) else np.empty((3, 0), dtype=np.int64)
        price = view.sign * view.low[index]
        histogram = view.sign * view.histogram[index]
        shape = divergence_strength(index, price, histogram)
        confluence = confluence_strength(hits[:, at].sum(axis=0), self.parameters.min_confirmations)
        quality = np.clip(shape + confluence, 0, 100)
        evidence = {"divergence_score": shape, "confluence_score": confluence, "signal_quality_score": quality}
        evidence["histogram"] = view.sign * view.histogram[at]
        for number in range(3):
            evidence[f"pivot_{number}_index"] = index[number].astype(np.float64)
            evidence[f"pivot_{number}_price"] = price[number]
            evidence[f"pivot_{number}_histogram"] = histogram[number]
        for code, hit in zip(CONFIRMATIONS, hits, strict=True):
            evidence[code] = hit[at].astype(np.float64)
        direction = np.full(len(at), view.sign, dtype=np.int64)
        # A half stays a half: its last bits do not decide which whole score is nearer.
        return Decisions(at, direction, view.sign * view.close[at], price[2], np.rint(np.round(quality, 9)), evidence)

    def scoring(self, details: Details) -> Scoring | None:
        """Shape and confirmations, 0 to 100 together, out of the signal's details; ``None`` where they lack them."""
        # Signals stored by older versions may lack a part.
        told, hits = [details.get(name) for name in _SCORES], details.get("confirmations")
        numbers = [Decimal(repr(float(number))) for number in told if isinstance(number, int | float)]
        if len(numbers) < len(_SCORES) or not isinstance(hits, list):
            return None
        quality, divergence, confluence = numbers
        return Scoring(quality, divergence, confluence, tuple(str(hit) for hit in hits))

    def setup(self, signal: Signal, close_times: pd.DatetimeIndex) -> Setup:
        """The three pivots and what confirmed them."""
        return stored_setup(signal, close_times)

    def setup_id(self, signal: Signal) -> str:
        """As other systems that speak this strategy derive it."""
        return DivergenceIds.of(signal.instrument_id, signal.timeframe, signal.close_time, signal.bias).setup_id

    def details(self, decisions: Decisions, row: int) -> Details:
        """Pivots, confirmations in their fixed order, scores, and the histogram at the entry bar."""
        value = {name: float(values[row]) for name, values in decisions.evidence.items()}
        pivots = [
            {
                "index": int(value[f"pivot_{number}_index"]),
                "price": value[f"pivot_{number}_price"],
                "histogram": value[f"pivot_{number}_histogram"],
            }
            for number in range(3)
        ]
        return {
            "setup": "MACD_3SEG_DIVERGENCE",
            "pivots": pivots,
            "confirmations": [code for code in CONFIRMATIONS if value[code]],
            "min_confirmations": self.parameters.min_confirmations,
            "vegas_state": "Bullish" if decisions.direction[row] == LONG else "Bearish",
            "histogram": value["histogram"],
            "divergence_score": value["divergence_score"],
            "confluence_score": value["confluence_score"],
            "signal_quality_score": value["signal_quality_score"],
        }
