"""One opinion out of several strategies' opinions."""

from enum import StrEnum

import numpy as np

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import Flags, Floats, Integers
from trading_pipeline.domain.strategies.opinions.opinion_strategy import BUY, HOLD, SELL, Opinions

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
        return _first(action, confidence, (action != HOLD) & (beyond(confidence, min_confidence, 1.0) >= 0))
    if mode is Mode.VOTE:
        counted = beyond(confidence, min_confidence, 1.0) >= 0
        buys, sells = (((action == side) & counted).sum(axis=0).astype(np.float64) for side in (BUY, SELL))
        return _larger(buys, sells, np.full(len(buys), _VOTE_CONFIDENCE), "vote_tie")
    share = weight[:, None] * confidence
    buys, sells = (np.where(action == side, share, 0.0).sum(axis=0) for side in (BUY, SELL))
    # The tiny addend keeps bars on which nobody speaks from dividing by zero.
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
    action = np.sign(beyond(buys, sells, buys + sells)).astype(np.int64)
    held = action == HOLD
    evidence = {"buys": buys, "sells": sells}
    return Opinions(action, np.where(held, 0.0, confidence), np.where(held, 0, -1), (tie,), evidence)
