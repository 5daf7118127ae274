import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.fused_score.fusion import REFUSALS, Fusion, FusionRegime, FusionWeights, fuse


def fused(technical: float, model: float | None, regime: FusionRegime, volatility: float = 1.0) -> Fusion:
    """The fusion of one bar."""
    return fuse(np.array([technical]), None if model is None else np.array([float(model)]), regime, volatility)


@pytest.mark.parametrize(
    ("technical", "model", "regime", "combined", "threshold", "confidence", "reason"),
    [
        (80, 70, "risk_on", 76.5, 55, 1.0, ""),
        (70, 40, "risk_on", 59.5, 55, 0.5125, ""),
        (58, 58, "risk_on", 58, 55, 0.3, ""),
        (99, 99, "neutral", 99, 65, 0.0, "neutral_regime_no_entry"),
        (39, 99, "neutral", 60, 65, 0.0, "technical_below_minimum"),
        (99, 29, "risk_on", 74.5, 55, 0.0, "model_below_minimum"),
        (70, 70, "risk_off", 70, 70, 0.6, ""),
        (69, 69, "risk_off", 69, 70, 0.0, "below_threshold"),
        (70, None, "risk_on", 70, 60, 0.75, ""),
        (70, 50, "risk_on", 70, 70, 0.5, ""),
        (70, 45, "risk_on", 70, 70, 0.5, ""),
        (70, 44.9, "risk_on", 61.215, 55, 0.4 + 6.215 / 40, ""),
        (100, 50, "risk_off", 100, 85, 0.875, ""),
    ],
)
def test_fusion_table(
    technical: float,
    model: float | None,
    regime: str,
    combined: float,
    threshold: float,
    confidence: float,
    reason: str,
) -> None:
    result = fused(technical, model, FusionRegime(regime))
    assert (result.combined[0], result.threshold[0]) == pytest.approx((combined, threshold))
    assert result.confidence[0] == pytest.approx(confidence)
    assert result.refusal[0] == (REFUSALS.index(reason) if reason else -1)
    assert result.passed[0] == (not reason)


@pytest.mark.parametrize(
    ("volatility", "threshold"), [(1.0, 60), (2.0, 58), (10.0, 55), (0.5, 60), (0.25, 60.5), (0.0, 61)]
)
def test_volatility_moves_the_threshold_a_little(volatility: float, threshold: float) -> None:
    assert fused(90, 90, FusionRegime.RISK_SMALL, volatility).threshold[0] == pytest.approx(threshold)


def test_a_lively_market_never_lowers_the_threshold_below_fifty() -> None:
    assert fused(90, 90, FusionRegime.RISK_ON, 100).threshold[0] == 50


def test_abstention_is_reported() -> None:
    assert fused(90, 50, FusionRegime.RISK_ON).model_abstained[0]
    assert not fused(90, None, FusionRegime.RISK_ON).model_abstained[0]


def test_every_bar_is_judged_by_itself() -> None:
    technical, model = np.array([80.0, 99.0, np.nan, 39.0]), np.array([70.0, np.nan, 99.0, 99.0])
    together = fuse(technical, model, FusionRegime.RISK_ON)
    alone = [fused(one, other, FusionRegime.RISK_ON) for one, other in zip(technical, model, strict=True)]
    assert together.refusal.tolist() == [int(one.refusal[0]) for one in alone]
    np.testing.assert_array_equal(together.confidence, [one.confidence[0] for one in alone])


def test_an_unknown_score_never_passes() -> None:
    assert not fused(np.nan, 99, FusionRegime.RISK_ON).passed[0]


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"sum to 0\.95"):
        FusionWeights(0.65, 0.30)
