import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.fused_score.technical_score import (
    FEATURES,
    features,
    technical_score,
    trend_alignment,
)
from trading_pipeline_tests.domain.strategies.bars import random_bars


def _row(rsi: float, trend_up: bool, momentum_up: bool, above_middle: bool) -> pd.DataFrame:
    columns = {"ema_20": 10.0, "ema_50": 9.0 if trend_up else 11.0, "macd": 1.0 if momentum_up else -1.0}
    columns |= {"macd_signal": 0.0, "rsi_14": rsi, "bb_middle": 9.5 if above_middle else 10.5}
    return pd.DataFrame([columns])


@pytest.mark.parametrize(
    ("rsi", "ups", "expected"),
    [
        (60, (True, True, True), 85),
        (70, (True, True, True), 85),
        (71, (True, True, True), 80),
        (50, (True, True, True), 75),
        (44, (False, False, False), 30),
        (45, (False, False, False), 40),
        (55, (False, True, False), 65),
    ],
)
def test_score_adds_its_parts(rsi: float, ups: tuple[bool, bool, bool], expected: float) -> None:
    assert technical_score(_row(rsi, *ups)).tolist() == [expected]


def test_features_are_those_that_are_named() -> None:
    assert tuple(features(BarArrays.of(random_bars(3)))) == FEATURES


def test_score_is_undefined_until_everything_is_warmed_up() -> None:
    scores = technical_score(features(BarArrays.of(random_bars(80))))
    assert np.isnan(scores[:49]).all()
    assert np.isfinite(scores[49:]).all()


def test_alignment_is_the_mean_of_the_signs() -> None:
    pairs = [(2, 1), (2, 1), (1, 2), (1, 1)]
    assert trend_alignment([(np.array([fast]), np.array([slow])) for fast, slow in pairs]).tolist() == [0]


def test_alignment_counts_only_what_is_known() -> None:
    fast, slow = np.array([2.0, np.nan, np.nan]), np.array([1.0, 1.0, 1.0])
    falling = np.array([0.0, 0.0, np.nan])
    np.testing.assert_array_equal(trend_alignment([(fast, slow), (falling, slow)]), [0.0, -1.0, np.nan])
