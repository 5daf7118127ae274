"""Technical score and model score as one decision to enter or not."""

from dataclasses import dataclass
from enum import StrEnum

from trading_pipeline.domain.model.errors import ConfigurationError

_MIN_TECHNICAL = 40.0
_MIN_MODEL = 30.0
_UNDECIDED = (45.0, 55.0)
_ABSTAIN_PENALTY = 10.0
_ABSENT_PENALTY = 5.0
_STRONG = 60.0


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
        if min(self.technical, self.model) < 0 or abs(total - 1) > 0.01:
            raise ConfigurationError(f"fusion weights {self.technical} and {self.model} sum to {total:.6g}: must be 1")


@dataclass(frozen=True, slots=True)
class Fusion:
    """The outcome.

    :param passed: whether an entry may follow.
    :param combined: 0 to 100.
    :param threshold: what ``combined`` had to reach.
    :param confidence: 0 to 1, 0 where it did not pass.
    :param model_abstained: the model's score was too close to 50 to be used.
    :param reason: why it did not pass; empty where it did.
    """

    passed: bool
    combined: float
    threshold: float
    confidence: float
    model_abstained: bool
    reason: str


def fuse(
    technical: float,
    model: float | None,
    regime: FusionRegime,
    volatility: float = 1.0,
    weights: FusionWeights | None = None,
) -> Fusion:
    """Combine both scores and hold them against the regime's threshold.

    A model score of 45 to 55 abstains (threshold +10), a missing or abstaining one costs another +5.

    :param technical: 0 to 100.
    :param model: 0 to 100, ``None`` when there is none for whatever reason.
    :param volatility: ratio of current to usual; above 1 lowers the threshold, below 0.5 raises it.
    """
    shares = weights or FusionWeights()
    abstains = model is not None and _UNDECIDED[0] <= model <= _UNDECIDED[1]
    used = None if abstains else model
    threshold = _for_volatility(_THRESHOLDS[regime], volatility)
    if abstains:
        threshold = min(100.0, threshold + _ABSTAIN_PENALTY)
    if used is None:
        combined, threshold = technical, min(100.0, threshold + _ABSENT_PENALTY)
    else:
        combined = shares.technical * technical + shares.model * used
    reason = _refusal(technical, used, regime, combined - threshold)
    confidence = 0.0 if reason else _confidence(technical, used, combined - threshold)
    return Fusion(not reason, combined, threshold, confidence, abstains, reason)


def _for_volatility(threshold: float, volatility: float) -> float:
    """Lower by at most 5 in a lively market, higher by at most 5 in a quiet one."""
    if volatility > 1:
        return max(50.0, threshold - min(5.0, (volatility - 1) * 2))
    if volatility < 0.5:
        return min(80.0, threshold + min(5.0, (0.5 - volatility) * 2))
    return threshold


def _refusal(technical: float, model: float | None, regime: FusionRegime, excess: float) -> str:
    """The first rule that refuses; empty when none does."""
    if technical < _MIN_TECHNICAL:
        return "technical_below_minimum"
    if model is not None and model < _MIN_MODEL:
        return "model_below_minimum"
    if regime is FusionRegime.NEUTRAL:
        return "neutral_regime_no_entry"
    return "below_threshold" if excess < 0 else ""


def _confidence(technical: float, model: float | None, excess: float) -> float:
    """How sure a passing fusion is: more when both scores are strong."""
    if model is None:
        return min(1.0, 0.5 + excess / 40)
    strong = (technical > _STRONG) + (model > _STRONG)
    if strong == 2:
        return min(1.0, 0.6 + excess / 30)
    return min(0.8, 0.4 + excess / 40) if strong else 0.3
