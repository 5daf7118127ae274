import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.fused_score.timeframe_weights import (
    PRESETS,
    TIMEFRAMES,
    adapt_to_trend,
    adapt_to_volatility,
    aggregate,
    checked_weights,
    preset,
)

DAY = preset("day")
by_timeframe = st.fixed_dictionaries({name: st.floats(0, 1000) for name in TIMEFRAMES})


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_used(name: str) -> None:
    assert checked_weights(preset(name)) == preset(name)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({**DAY, "1w": 0.06}, "sum to 1.01"),
        ({**DAY, "1h": -0.25}, "1h = -0.25"),
        ({**DAY, "1h": float("nan")}, "1h = nan"),
        ({"15min": 1.0}, "did you mean 15m"),
    ],
)
def test_unusable_weights_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        checked_weights(weights)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean swing"):
        preset("swign")


def test_missing_timeframes_leave_their_weight_to_the_others() -> None:
    assert aggregate({"15m": 80, "1h": 60}, DAY, "15m") == pytest.approx((0.4 * 80 + 0.25 * 60) / 0.65)


def test_every_bar_is_averaged_over_what_is_known_there() -> None:
    values = {"15m": np.array([80.0, 80.0, np.nan]), "1h": np.array([60.0, np.nan, 60.0])}
    mean = aggregate(values, DAY, "15m")
    np.testing.assert_allclose(mean, [(0.4 * 80 + 0.25 * 60) / 0.65, 80.0, np.nan])


def test_weights_belong_to_timeframes_whichever_decides() -> None:
    assert aggregate({"1h": 60, "4h": 90}, DAY, "1h") == pytest.approx((0.25 * 60 + 0.2 * 90) / 0.45)


def test_without_its_own_value_there_is_no_aggregate() -> None:
    with pytest.raises(DataError, match="no 15m value"):
        aggregate({"1h": 60}, DAY, "15m")


def test_a_timeframe_without_weight_cannot_decide() -> None:
    with pytest.raises(DataError, match="5m has no weight"):
        aggregate({"5m": 60}, DAY, "5m")


def test_volatility_moves_three_tenths_of_the_weight() -> None:
    moved = adapt_to_volatility(DAY, {"1d": 5.0})
    assert moved["1d"] == pytest.approx(0.1 * 0.7 + 0.3)
    assert moved["15m"] == pytest.approx(0.28)
    assert adapt_to_volatility(DAY, {"1d": np.nan}) == pytest.approx(DAY)


def test_a_trend_scales_by_half_at_most() -> None:
    moved = adapt_to_trend(DAY, {"15m": 3.0})
    assert moved["15m"] == pytest.approx(0.6 / 1.2)


def test_no_weight_at_all_becomes_equal_weights() -> None:
    assert adapt_to_trend(dict.fromkeys(TIMEFRAMES, 0.0), {}) == dict.fromkeys(TIMEFRAMES, 0.2)


@given(by_timeframe, by_timeframe)
def test_adapted_weights_sum_to_one(atr: dict[str, float], trend: dict[str, float]) -> None:
    adapted = adapt_to_trend(adapt_to_volatility(DAY, atr), trend)
    assert sum(adapted.values()) == pytest.approx(1)
    assert min(adapted.values()) >= 0
