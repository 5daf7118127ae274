import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.opinions.combining import Mode, combine
from trading_pipeline.domain.strategies.opinions.opinion_strategy import Opinions


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


def test_no_opinions_cannot_be_combined() -> None:
    with pytest.raises(ConfigurationError, match="0 opinions"):
        combine([], Mode.FIRST)
