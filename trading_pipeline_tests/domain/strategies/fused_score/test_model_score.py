import math

import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.fused_score.model_score import Calibration, LogisticModel, sigmoid

DESCRIPTION: dict[str, object] = {
    "feature_order": ["rsi", "trend"],
    "weights": [1.0, 2.0],
    "bias": 0.5,
    "mean": [50, 0],
    "std": [10, 1],
    "clip_min": -3,
    "clip_max": 3,
}


@pytest.mark.parametrize(
    ("rsi", "trend", "total"), [(60, 0.5, 2.5), (500, 0.0, 3.5), (50, math.nan, 0.5), (50, math.inf, 0.5)]
)
def test_score_standardises_clips_and_squeezes(rsi: float, trend: float, total: float) -> None:
    scores = LogisticModel.of(DESCRIPTION).score({"rsi": np.array([rsi, 50]), "trend": np.array([trend, 0])}, 2)
    assert scores.tolist() == pytest.approx([100 / (1 + math.exp(-total)), 100 / (1 + math.exp(-0.5))])


def test_a_feature_that_nobody_knows_is_read_as_zero() -> None:
    model = LogisticModel.of(DESCRIPTION)
    assert model.score({"rsi": np.array([60.0])}, 1) == model.score({"rsi": np.array([60.0]), "trend": np.zeros(1)}, 1)


@pytest.mark.parametrize(
    ("calibration", "expected"),
    [
        (Calibration(platt=False, a=0.5, b=0.1), 0.45),
        (Calibration(platt=False, a=5, b=0), 1.0),
        (Calibration(platt=True, a=1, b=0), 0.7),
        (Calibration(platt=True, a=0, b=0), 0.5),
    ],
)
def test_calibrations(calibration: Calibration, expected: float) -> None:
    assert calibration.apply(np.array([0.7])).tolist() == pytest.approx([expected])


def test_a_described_calibration_is_used() -> None:
    model = LogisticModel.of({**DESCRIPTION, "calibration": {"a": 0.0, "b": 0.25}})
    assert model.score({}, 2).tolist() == [25, 25]


def test_extreme_inputs_do_not_overflow() -> None:
    assert sigmoid(np.array([1e4, -1e4])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1.0]}, "1 weights"),
        ({"std": [10, 0]}, "deviation is not positive"),
        ({"bias": "much"}, "no number"),
        ({"mean": 3}, "mean = 3 must be a list"),
        ({"calibration": {"type": "isotonic"}}, "must be linear or platt"),
        ({"calibration": 1}, "must be a mapping"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        LogisticModel.of({**DESCRIPTION, **change})


def test_a_missing_part_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'mean' is missing"):
        LogisticModel.of({key: value for key, value in DESCRIPTION.items() if key != "mean"})
