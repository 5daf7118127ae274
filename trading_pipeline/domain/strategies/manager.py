"""One opinion out of several strategies' opinions."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.arrays import BarArrays, Flags, Floats, Integers
from trading_pipeline.domain.strategies.base import spelling_hint
from trading_pipeline.domain.strategies.opinions import (
    BUY,
    HOLD,
    SELL,
    Opinions,
    OpinionStrategy,
    StopParameters,
)
from trading_pipeline.domain.strategies.registry import strategy_named

_VOTE_CONFIDENCE = 0.5
_MOST_CONFIDENCE = 0.9


class Mode(StrEnum):
    """How opinions become one."""

    FIRST = "first"
    VOTE = "vote"
    WEIGHTED = "weighted"


def combine(
    opinions: list[Opinions], mode: Mode, min_confidence: float = 0.0, weights: list[float] | None = None
) -> Opinions:
    """One opinion per bar from several strategies' opinions on the same bars, in their order.

    ``first``: the first buy or sell of at least ``min_confidence``, with its confidence. ``vote``: the
    majority among those of at least ``min_confidence``, with confidence 0.5. ``weighted``: the side with
    the larger sum of weight times confidence, confidence its share of both sums, at most 0.9.

    :param weights: one per strategy, 1 each when not given; only ``weighted`` uses them.
    :raises ConfigurationError: no opinions, or not one weight for each.
    """
    weight = np.ones(len(opinions)) if weights is None else np.array(weights, dtype=np.float64)
    if not opinions or len(weight) != len(opinions) or (weight < 0).any():
        raise ConfigurationError(
            f"{len(opinions)} opinions and weights {weight.tolist()}: need one each, none negative"
        )
    action = np.stack([each.action for each in opinions])
    confidence = np.stack([each.confidence for each in opinions])
    if mode is Mode.FIRST:
        return _first(action, confidence, (action != HOLD) & (confidence >= min_confidence))
    if mode is Mode.VOTE:
        counted = confidence >= min_confidence
        buys, sells = (((action == side) & counted).sum(axis=0).astype(np.float64) for side in (BUY, SELL))
        return _larger(buys, sells, np.full(len(buys), _VOTE_CONFIDENCE), "vote_tie")
    share = weight[:, None] * confidence
    buys, sells = (np.where(action == side, share, 0.0).sum(axis=0) for side in (BUY, SELL))
    relative = np.maximum(buys, sells) / (buys + sells + 1e-9)
    return _larger(buys, sells, np.minimum(_MOST_CONFIDENCE, relative), "weighted_tie")


def _first(action: Integers, confidence: Floats, counts: Flags) -> Opinions:
    """The first row that counts, per bar."""
    bar = np.arange(action.shape[1])
    winner, any_counts = counts.argmax(axis=0), counts.any(axis=0)
    chosen = np.where(any_counts, action[winner, bar], HOLD)
    sure = np.where(any_counts, confidence[winner, bar], 0.0)
    return Opinions(chosen, sure, np.where(any_counts, -1, 0), ("all_hold",))


def _larger(buys: Floats, sells: Floats, confidence: Floats, tie: str) -> Opinions:
    """The side with the larger sum, per bar."""
    action = np.sign(buys - sells).astype(np.int64)
    held = action == HOLD
    evidence = {"buys": buys, "sells": sells}
    return Opinions(action, np.where(held, 0.0, confidence), np.where(held, 0, -1), (tie,), evidence)


@dataclass(frozen=True)
class Managed(OpinionStrategy):
    """Several opinion strategies that trade as one; built by ``managed``."""

    name: ClassVar[str] = "managed"
    parameters: StopParameters = field(default_factory=StopParameters)
    members: tuple[OpinionStrategy, ...] = ()
    mode: Mode = Mode.FIRST
    min_confidence: float = 0.0
    weights: tuple[float, ...] = ()

    @property
    def warmup_bars(self) -> int:
        """The slowest member's, and the ATR of the stop."""
        return max([self.parameters.atr_period + 2, *(member.warmup_bars for member in self.members)])

    def opinions(self, bars: BarArrays) -> Opinions:
        """The members' opinions as one."""
        heard = [member.opinions(bars) for member in self.members]
        return combine(heard, self.mode, self.min_confidence, list(self.weights) or None)

    @property
    def version(self) -> str:
        """Changes with any member and with the way they are combined."""
        parts = [member.version for member in self.members]
        rule = [self.mode, repr(self.min_confidence), *map(repr, self.weights)]
        own = json.dumps([self.name, asdict(self.parameters), parts, rule], sort_keys=True)
        return hashlib.sha256(own.encode()).hexdigest()[:12]


def managed(
    names: list[str], mode: str = "first", min_confidence: float = 0.0, weights: dict[str, float] | None = None
) -> Managed:
    """Registered strategies combined, with their default parameters.

    :param weights: by name; strategies without one weigh 1.
    :raises ConfigurationError: an unknown name or mode, a weight for a strategy that is not in the set,
        or a strategy that decides without opinions.
    """
    if mode not in set(Mode):
        raise ConfigurationError(f"unknown mode {mode!r}{spelling_hint(mode, [str(each) for each in Mode])}")
    for name in weights or {}:
        if name not in names:
            raise ConfigurationError(f"weight for {name!r}, which is not in the set{spelling_hint(name, names)}")
    members: list[OpinionStrategy] = []
    for name in names:
        member = strategy_named(name, {})
        if not isinstance(member, OpinionStrategy):
            raise ConfigurationError(f"{name} decides without opinions, so it cannot be combined; leave it out")
        members.append(member)
    given = tuple((weights or {}).get(name, 1.0) for name in names)
    return Managed(members=tuple(members), mode=Mode(mode), min_confidence=min_confidence, weights=given)
