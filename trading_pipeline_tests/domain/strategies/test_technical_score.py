import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline.domain.strategies.technical_score import features, technical_score, trend_alignment
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


def test_score_is_undefined_until_everything_is_warmed_up() -> None:
    scores = technical_score(features(BarArrays.of(random_bars(80))))
    assert np.isnan(scores[:49]).all()
    assert np.isfinite(scores[49:]).all()


def test_alignment_is_the_mean_of_the_signs() -> None:
    assert trend_alignment({"15m": (2, 1), "1h": (2, 1), "4h": (1, 2), "1d": (1, 1)}) == 0
