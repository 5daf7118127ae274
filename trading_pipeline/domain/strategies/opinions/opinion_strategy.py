"""Strategies that hold an opinion at every bar: buy, sell or hold, with a confidence and a reason.

An opinion becomes a signal on the bar where it changes, so that a condition which holds for a hundred
bars is one decision. ``combining.py`` reads the opinions themselves.
"""

from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.strategies.framework.arrays import (
    ArrayStrategy,
    BarArrays,
    Decisions,
    Flags,
    Floats,
    Integers,
    Leaving,
    decisions_with_atr_stop,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters, ranged

BUY, SELL, HOLD = 1, -1, 0


@dataclass(frozen=True, slots=True)
class StopParameters(Parameters):
    """What every opinion needs to become a trade.

    :param atr_period: bars in Wilder's ATR.
    :param stop_atr_multiple: distance of the stop from the entry.
    :param allow_short: whether a sell opens a short or only closes a long (a spot account).
    """

    atr_period: int = ranged(14, 2, 200)
    stop_atr_multiple: float = ranged(1.5, 0.1, 20.0)
    allow_short: bool = ranged(True, False, True)


@dataclass(frozen=True, slots=True)
class Opinions:
    """One opinion per bar.

    :param action: ``BUY`` 1, ``SELL`` -1 or ``HOLD`` 0.
    :param confidence: 0 to 1 where the action is not hold, else 0.
    :param reason: position in ``reasons`` of why the bar is a hold; -1 where it is not.
    :param evidence: the numbers the opinion rests on, per bar.
    """

    action: Integers
    confidence: Floats
    reason: Integers
    reasons: tuple[str, ...]
    evidence: dict[str, Floats] = field(default_factory=dict)

    def reason_at(self, bar: int) -> str:
        """Why the bar is a hold; empty where it is not."""
        return self.reasons[self.reason[bar]] if self.reason[bar] >= 0 else ""


def form_opinions(
    holds: dict[str, Flags],
    buy: Flags,
    sell: Flags,
    otherwise: str,
    confidence: float | Floats,
    evidence: dict[str, Floats],
) -> Opinions:
    """Opinions from conditions per bar.

    :param holds: reasons to hold with the bars they apply to; the first that applies wins over the
        others and over ``buy`` and ``sell``.
    :param otherwise: the reason where neither ``buy`` nor ``sell`` applies.
    """
    reasons = (*holds, otherwise)
    choices = [*holds.values(), buy | sell]
    # The first condition that holds wins, so that the order of `holds` is the order of the reasons.
    reason = np.select(choices, [*range(len(holds)), -1], default=len(holds)).astype(np.int64)
    action = np.where(reason >= 0, HOLD, np.where(buy, BUY, SELL)).astype(np.int64)
    return Opinions(action, np.where(reason >= 0, 0.0, confidence), reason, reasons, evidence)


def changes(action: Integers, first: int) -> Integers:
    """The action on bars where it differs from the bar before, 0 elsewhere and before ``first``."""
    changed = np.zeros_like(action)
    # Only the bar before is compared, so that nothing depends on where the bars start.
    changed[1:] = np.where(action[1:] != action[:-1], action[1:], HOLD)
    changed[:first] = HOLD
    return changed


class OpinionStrategy(ArrayStrategy):
    """A strategy over opinions: a new buy opens a long, a new sell closes it and opens a short.

    ``warmup_bars`` of a subclass is the number of bars its first opinion needs plus one, because a
    change needs the bar before.
    """

    parameters: StopParameters

    @abstractmethod
    def opinions(self, bars: BarArrays) -> Opinions:
        """The opinion at every bar, from that bar and earlier ones."""

    def direction(self, action: Integers) -> Integers:
        """Where an opinion opens a position: where it changes."""
        return changes(action, self.warmup_bars - 1)

    def decide(self, bars: BarArrays) -> Decisions:
        """A decision wherever the opinion changes to buy or sell."""
        opinions = self.opinions(bars)
        direction = self.direction(opinions.action).copy()
        # Again, because a subclass may open on other bars than those of a change.
        direction[: self.warmup_bars - 1] = HOLD
        if not self.parameters.allow_short:
            # On a spot account a sell has nothing to open; `leave` still closes longs by it.
            direction = np.maximum(direction, HOLD)
        ranges = atr(bars.high, bars.low, bars.close, self.parameters.atr_period)
        evidence = {**opinions.evidence, "confidence": opinions.confidence}
        found = decisions_with_atr_stop(bars, direction, ranges, self.parameters.stop_atr_multiple, evidence)
        score = 100 * found.evidence["confidence"]
        return Decisions(found.bar_index, found.direction, found.entry_price, found.stop_price, score, found.evidence)

    def leave(self, bars: BarArrays) -> Leaving:
        """A new sell closes longs, a new buy closes shorts."""
        turned = changes(self.opinions(bars).action, self.warmup_bars - 1)
        return Leaving(turned == SELL, turned == BUY)


def crosses_up(values: Floats, level: Floats | float) -> Flags:
    """Bars at which ``values`` is above ``level`` and was not on the bar before; rounding is relative to the level."""
    return _crosses(beyond(values, level, level))


def crosses_down(values: Floats, level: Floats | float) -> Flags:
    """Bars at which ``values`` is below ``level`` and was not on the bar before; rounding is relative to the level."""
    return _crosses(beyond(level, values, level))


def _crosses(distance: Floats) -> Flags:
    """Bars where the distance turns positive; undefined distances never do."""
    crossed = np.zeros(len(distance), dtype=np.bool_)
    # Comparisons with NaN are false: the first defined value crosses nothing.
    crossed[1:] = (distance[:-1] <= 0) & (distance[1:] > 0)
    return crossed
