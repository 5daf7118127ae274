import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.manager import Mode, combine, managed
from trading_pipeline.domain.strategies.opinions import Opinions
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.strategies.bars import random_bars


def _opinion(action: int, confidence: float) -> Opinions:
    held = -1 if action else 0
    return Opinions(np.array([action]), np.array([confidence]), np.array([held]), ("hold",))


@pytest.mark.parametrize(
    ("mode", "heard", "action", "confidence", "reason"),
    [
        ("first", [(0, 0), (-1, 0.7), (1, 0.9)], -1, 0.7, ""),
        ("first", [(1, 0.2), (-1, 0.5)], -1, 0.5, ""),
        ("first", [(0, 0), (1, 0.2)], 0, 0.0, "all_hold"),
        ("vote", [(1, 0.6), (1, 0.6), (-1, 0.9)], 1, 0.5, ""),
        ("vote", [(1, 0.6), (1, 0.2), (-1, 0.9)], 0, 0.0, "vote_tie"),
        ("vote", [(0, 0), (0, 0)], 0, 0.0, "vote_tie"),
        ("weighted", [(1, 0.6), (-1, 0.5)], 1, 0.6 / 1.1, ""),
        ("weighted", [(1, 0.6), (1, 0.5)], 1, 0.9, ""),
        ("weighted", [(1, 0.5), (-1, 0.5)], 0, 0.0, "weighted_tie"),
    ],
)
def test_modes(mode: str, heard: list[tuple[int, float]], action: int, confidence: float, reason: str) -> None:
    result = combine([_opinion(*each) for each in heard], Mode(mode), min_confidence=0.4)
    assert result.action[0] == action
    assert result.confidence[0] == pytest.approx(confidence)
    assert result.reason_at(0) == reason


def test_a_heavier_weight_turns_the_balance() -> None:
    heard = [_opinion(1, 0.6), _opinion(-1, 0.5)]
    assert combine(heard, Mode.WEIGHTED, weights=[1.0, 2.0]).action[0] == -1


def test_a_managed_set_trades_as_one_strategy() -> None:
    bars = random_bars(800)
    together = managed(["ema_atr", "supertrend"], "vote").signals(bars)
    assert len(together) > 0
    alone = managed(["ema_cross"]).signals(bars)
    expected = strategy_named("ema_cross", {}).signals(bars)
    assert alone["bar_index"].tolist() == expected["bar_index"].tolist()


def test_the_version_tells_sets_apart() -> None:
    sets = [managed(["rsi"]), managed(["macd"]), managed(["rsi"], "vote"), managed(["rsi"], weights={"rsi": 2.0})]
    assert len({each.version for each in sets}) == 4


@pytest.mark.parametrize(
    ("names", "mode", "weights", "message"),
    [
        (["ema_art"], "first", {}, "did you mean ema_atr"),
        (["rsi"], "votes", {}, "did you mean vote"),
        (["rsi"], "weighted", {"macd": 1.0}, "not in the set"),
        (["divergence"], "first", {}, "decides without opinions"),
    ],
)
def test_a_set_that_cannot_work_is_refused(
    names: list[str], mode: str, weights: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        managed(names, mode, weights=weights)


def test_no_opinions_cannot_be_combined() -> None:
    with pytest.raises(ConfigurationError, match="0 opinions"):
        combine([], Mode.FIRST)
