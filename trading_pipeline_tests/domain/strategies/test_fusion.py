import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.fusion import FusionRegime, FusionWeights, fuse


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
    result = fuse(technical, model, FusionRegime(regime))
    assert (result.combined, result.threshold) == pytest.approx((combined, threshold))
    assert result.confidence == pytest.approx(confidence)
    assert (result.reason, result.passed) == (reason, not reason)


@pytest.mark.parametrize(
    ("volatility", "threshold"), [(1.0, 60), (2.0, 58), (10.0, 55), (0.5, 60), (0.25, 60.5), (0.0, 61)]
)
def test_volatility_moves_the_threshold_a_little(volatility: float, threshold: float) -> None:
    assert fuse(90, 90, FusionRegime.RISK_SMALL, volatility).threshold == pytest.approx(threshold)


def test_a_lively_market_never_lowers_the_threshold_below_fifty() -> None:
    assert fuse(90, 90, FusionRegime.RISK_ON, 100).threshold == 50


def test_abstention_is_reported() -> None:
    assert fuse(90, 50, FusionRegime.RISK_ON).model_abstained
    assert not fuse(90, None, FusionRegime.RISK_ON).model_abstained


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"sum to 0\.95"):
        FusionWeights(0.65, 0.30)
