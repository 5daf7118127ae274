"""The fused score at bars whose higher timeframes are known."""

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.checks import recursive_warmup, without_future
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.fused_score.fused_score import FusedScore, FusedScoreParameters
from trading_pipeline.domain.strategies.opinions.opinion_strategy import BUY, HOLD, SELL, Opinions
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars

CONSTANT = {"bias": 0.0, "clip_min": -3, "clip_max": 3, "feature_order": ["rsi_14"], "weights": [0.0]} | {
    "mean": [50],
    "std": [10],
}
UP = [100 * 1.002**i * (1 + 0.004 * (i % 3 == 0)) for i in range(60)]
DOWN = [100 - 0.01 * i**2 for i in range(60)]
UPWARD = {"ema_20": 2.0, "ema_50": 1.0, "technical_score": 80.0}
DOWNWARD = {"ema_20": 1.0, "ema_50": 2.0, "technical_score": 35.0}


def a_model(score: float) -> dict[str, object]:
    """A model that always says ``score``."""
    return CONSTANT | {"calibration": {"a": 0.0, "b": score / 100}}


def beside(bars: pd.DataFrame, **higher: dict[str, float]) -> pd.DataFrame:
    """Bars with values of higher timeframes that never change."""
    values = {f"{name}_{label[1:]}": value for label, view in higher.items() for name, value in view.items()}
    return bars.assign(**values)


def opinions(bars: pd.DataFrame, **parameters: object) -> Opinions:
    """What the strategy thinks of these bars."""
    strategy = strategy_named("fused_score", dict(parameters))
    assert isinstance(strategy, FusedScore)
    return strategy.opinions(BarArrays.of(bars))


RISING = beside(bars_closing(UP, "15m"), _1h=UPWARD)
FALLING = beside(bars_closing(DOWN, "15m"), _1h=DOWNWARD)


@pytest.mark.parametrize(
    ("bars", "parameters", "action", "reason"),
    [
        (RISING, {}, BUY, ""),
        (FALLING, {}, SELL, ""),
        (RISING[:49], {}, HOLD, "not_enough_bars"),
        (RISING, {"regime": "neutral"}, HOLD, "neutral_regime_no_entry"),
        (RISING, {"model": a_model(80)}, BUY, ""),
        (RISING, {"model": a_model(20)}, HOLD, "model_below_minimum"),
        (FALLING, {"model": a_model(90)}, HOLD, "technical_below_minimum"),
        (FALLING, {"regime": "neutral"}, SELL, ""),
        (beside(RISING, _1h=DOWNWARD), {"style": "scalping"}, HOLD, "against_higher_trend"),
        (beside(RISING, _1h=DOWNWARD), {"style": "scalping", "with_trend": False}, BUY, ""),
        (beside(RISING, _1h=DOWNWARD, _4h=UPWARD), {"style": "scalping"}, BUY, ""),
        (bars_closing(UP, "15m"), {}, HOLD, "higher_trend_unknown"),
        (bars_closing(UP, "15m"), {"with_trend": False}, BUY, ""),
        (bars_closing(UP, "4h"), {}, BUY, ""),
    ],
)
def test_opinion_table(bars: pd.DataFrame, parameters: dict[str, object], action: int, reason: str) -> None:
    found = opinions(bars, **parameters)
    assert (int(found.action[-1]), found.reason_at(-1)) == (action, reason)


@pytest.mark.parametrize(("model", "threshold"), [(None, 60), (a_model(50), 70), (a_model(60), 55)])
def test_no_model_costs_five_and_one_that_abstains_fifteen(model: object, threshold: float) -> None:
    assert opinions(RISING, model=model).evidence["threshold"][-1] == threshold


def test_the_score_is_weighted_over_the_timeframes_that_are_there() -> None:
    found = opinions(beside(RISING, _4h={**UPWARD, "technical_score": np.nan}), style="day").evidence
    own = found["technical_15m"][-1]
    assert found["technical"][-1] == pytest.approx((0.4 * own + 0.25 * 80) / 0.65)


def test_confidence_of_a_sell_mirrors_that_of_a_buy() -> None:
    found = opinions(FALLING)
    assert found.confidence[-1] == pytest.approx(1 - found.evidence["combined"][-1] / 100)
    assert found.confidence[-1] >= 0.62


def test_adaptation_moves_the_score_towards_lively_and_rising_timeframes() -> None:
    bars = beside(RISING, _1h=UPWARD | {"technical_score": 20.0, "atr_14": 1e6, "trend_strength": -5.0})
    plain, lively, rising = (
        opinions(bars, **rule).evidence["technical"][-1]
        for rule in ({}, {"adapt_to_volatility": True}, {"adapt_to_trend": True})
    )
    own = opinions(bars).evidence["technical_15m"][-1]
    assert 20 < lively < plain < rising < own


def test_it_never_sells_short() -> None:
    bars = with_resampled(strategy_named("fused_score", {}), random_bars(3000, 3))
    assert set(strategy_named("fused_score", {}).signals(bars)["bias"]) == {"long"}
    with pytest.raises(ConfigurationError, match="allow_short = True"):
        strategy_named("fused_score", {"allow_short": True})


def test_a_long_is_closed_where_the_score_falls_to_38() -> None:
    strategy = FusedScore()
    bars = with_resampled(strategy, random_bars(3000, 3))
    score = strategy.opinions(BarArrays.of(bars)).evidence["combined"]
    exits = strategy.exits(bars)
    at = exits.loc[exits["bias"] == "long", "bar_index"].to_numpy()
    assert len(at)
    assert (score[at] <= 38).all()
    assert not (score[at - 1] <= 38).any()


def test_evidence_names_only_what_is_known() -> None:
    strategy = FusedScore()
    details = strategy.signals(with_resampled(strategy, random_bars(3000, 3)))["details"]
    assert all(np.isfinite(list(one.values())).all() for one in details)
    assert "technical_4h" not in details.iloc[0]
    assert "technical_4h" in details.iloc[-1]


def test_bars_without_a_weight_are_refused() -> None:
    with pytest.raises(DataError, match="5m bars have no weight: run fused_score on bars of 15m, 1h, 4h, 1d"):
        opinions(bars_closing(UP, "5m"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"higher": "1w"}, "higher = 1w"),
        ({"style": "swign"}, "did you mean swing"),
        ({"model": a_model(50) | {"feature_order": ["rsi_14_4h"]}, "higher": "1h"}, "did you mean rsi_14_1h"),
        ({"model": "trend"}, "must be a mapping"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        strategy_named("fused_score", parameters)


def test_a_model_reads_features_of_every_timeframe_and_across_them() -> None:
    names = ["rsi_14", "rsi_14_1h", "trend_alignment", "rsi_divergence"]
    model = {"feature_order": names, "weights": [0, 1, 0, 0], "bias": 0, "mean": [0] * 4, "std": [1] * 4}
    model |= {"clip_min": -9, "clip_max": 9}
    found = opinions(beside(RISING, _1h=UPWARD | {"rsi_14": 1.5}), model=model).evidence["model"]
    assert found[-1] == pytest.approx(100 / (1 + np.exp(-1.5)))


def test_another_model_is_another_version() -> None:
    versions = {
        FusedScore(FusedScoreParameters.of({"model": model})).version for model in (None, a_model(60), a_model(61))
    }
    assert len(versions) == 3


@pytest.mark.parametrize("style", ["day", "swing"])
def test_higher_timeframes_bring_no_look_ahead(style: str) -> None:
    strategy = strategy_named(
        "fused_score", {"style": style, "higher": "1h,4h,1d", "adapt_to_volatility": True, "adapt_to_trend": True}
    )
    bars = random_bars(6000, 11)
    answer = without_future(strategy, bars, samples=10)
    assert answer.look_ahead == answer.repaint == recursive_warmup(strategy, bars) == []
