"""Technical score and model score as one decision to enter or not."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import Flags, Floats, Integers

# Points on the scale of 0 to 100, as they were specified.
_MIN_TECHNICAL = 40.0
_MIN_MODEL = 30.0
_UNDECIDED = (45.0, 55.0)
_ABSTAIN_PENALTY = 10.0
_ABSENT_PENALTY = 5.0
_STRONG = 60.0
_FULL = 100.0
"""Scores go from 0 to this."""

REFUSALS = ("technical_below_minimum", "model_below_minimum", "neutral_regime_no_entry", "below_threshold")
"""Why a fusion may not pass, in the order in which the rules are asked."""


class FusionRegime(StrEnum):
    """The market's state as the fusion knows it; the threshold belongs to it."""

    RISK_ON = "risk_on"
    RISK_SMALL = "risk_small"
    NEUTRAL = "neutral"
    RISK_OFF = "risk_off"


_THRESHOLDS = {
    FusionRegime.RISK_ON: 55.0,
    FusionRegime.RISK_SMALL: 60.0,
    FusionRegime.NEUTRAL: 65.0,
    FusionRegime.RISK_OFF: 70.0,
}


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Shares of the two scores; they sum to 1 within 0.01."""

    technical: float = 0.65
    model: float = 0.35

    def __post_init__(self) -> None:
        total = self.technical + self.model
        # Two decimals as people type them; the weights of timeframes are held to 1 exactly.
        if min(self.technical, self.model) < 0 or abs(total - 1) > 0.01:
            raise ConfigurationError(f"fusion weights {self.technical} and {self.model} sum to {total:.6g}: must be 1")


@dataclass(frozen=True, slots=True)
class Fusion:
    """The outcome per bar.

    :param combined: 0 to 100.
    :param threshold: what ``combined`` had to reach.
    :param confidence: 0 to 1, 0 where it did not pass.
    :param model_abstained: the model's score was too close to 50 to be used.
    :param refusal: position in ``REFUSALS`` of the first rule that refuses; -1 where it passed.
    """

    combined: Floats
    threshold: Floats
    confidence: Floats
    model_abstained: Flags
    refusal: Integers

    @property
    def passed(self) -> Flags:
        """Where an entry may follow."""
        return self.refusal < 0


def fuse(
    technical: Floats,
    model: Floats | None,
    regime: FusionRegime,
    volatility: float = 1.0,
    weights: FusionWeights | None = None,
) -> Fusion:
    """Combine both scores of every bar and hold them against the regime's threshold.

    A model score of 45 to 55 abstains (threshold +10), a missing or abstaining one costs another +5.

    :param technical: 0 to 100; NaN never passes.
    :param model: 0 to 100, NaN where there is none for whatever reason; ``None`` when there is no model.
    :param volatility: ratio of current to usual; above 1 lowers the threshold, below 0.5 raises it.
    """
    shares = weights or FusionWeights()
    given = np.full(len(technical), np.nan) if model is None else model
    abstains = (beyond(given, _UNDECIDED[0], _FULL) >= 0) & (beyond(given, _UNDECIDED[1], _FULL) <= 0)
    used = np.where(abstains, np.nan, given)
    alone = np.isnan(used)
    penalty = np.where(abstains, _ABSTAIN_PENALTY, 0.0) + np.where(alone, _ABSENT_PENALTY, 0.0)
    threshold = np.minimum(100.0, _for_volatility(_THRESHOLDS[regime], volatility) + penalty)
    combined = np.where(alone, technical, shares.technical * technical + shares.model * used)
    excess = beyond(combined, threshold, _FULL)
    refusal = _refusal(technical, used, regime, excess)
    confidence = np.where(refusal < 0, _confidence(technical, used, excess), 0.0)
    return Fusion(combined, threshold, confidence, abstains, refusal)


def _for_volatility(threshold: float, volatility: float) -> float:
    """Points lower by at most 5 in a lively market, higher by at most 5 in a quiet one."""
    if volatility > 1:
        return max(50.0, threshold - min(5.0, (volatility - 1) * 2))
    if volatility < 0.5:
        return min(80.0, threshold + min(5.0, (0.5 - volatility) * 2))
    return threshold


def _refusal(technical: Floats, model: Floats, regime: FusionRegime, excess: Floats) -> Integers:
    """The first rule that refuses, by its position in ``REFUSALS``; -1 where none does."""
    neutral = np.full(len(technical), regime is FusionRegime.NEUTRAL)
    weak, unlikely = beyond(technical, _MIN_TECHNICAL, _FULL) < 0, beyond(model, _MIN_MODEL, _FULL) < 0
    # Negated: an unknown score, NaN, does not reach the threshold.
    rules = [weak, unlikely, neutral, ~(excess >= 0)]
    return np.select(rules, range(len(REFUSALS)), default=-1).astype(np.int64)


def _confidence(technical: Floats, model: Floats, excess: Floats) -> Floats:
    """How sure a passing fusion is: more when both scores are strong."""
    strong = (beyond(technical, _STRONG, _FULL) > 0).astype(np.int64) + (beyond(model, _STRONG, _FULL) > 0)
    rules = [np.isnan(model), strong == 2, strong == 1]
    sure = [np.minimum(1.0, 0.5 + excess / 40), np.minimum(1.0, 0.6 + excess / 30), np.minimum(0.8, 0.4 + excess / 40)]
    return np.select(rules, sure, default=0.3)
