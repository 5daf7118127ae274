import numpy as np
import pytest

from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Leaving
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    OpinionStrategy,
    changes,
    crosses_down,
    crosses_up,
    form_opinions,
)
from trading_pipeline.domain.strategies.registry import strategy_class, strategy_named, strategy_names
from trading_pipeline_tests.domain.strategies.bars import random_bars

# grid speaks of events, not of changes: its first event may follow the warm-up at once.
BY_CHANGE = [name for name in strategy_names() if issubclass(strategy_class(name), OpinionStrategy) and name != "grid"]
WARMING_UP = {"not_enough_bars", "warming_up"}


@pytest.mark.parametrize(
    ("before", "now", "up", "down"),
    [
        (29, 31, True, False),
        (30, 31, True, False),
        (29, 30, False, False),
        (31, 29, False, True),
        (30, 29, False, True),
        (31, 30, False, False),
        (30, 30, False, False),
        (31, 32, False, False),
        (np.nan, 31, False, False),
    ],
)
def test_a_level_is_crossed_from_at_to_beyond(before: float, now: float, up: bool, down: bool) -> None:
    values = np.array([before, now], dtype=np.float64)
    assert crosses_up(values, 30.0).tolist() == [False, up]
    assert crosses_down(values, 30.0).tolist() == [False, down]


def test_a_changed_opinion_is_a_signal() -> None:
    action = np.array([1, 1, 0, 1, -1, -1, 1])
    assert changes(action, 0).tolist() == [0, 0, 0, 1, -1, 0, 1]
    assert changes(action, 4).tolist() == [0, 0, 0, 0, -1, 0, 1]


def test_the_first_reason_to_hold_wins_over_everything_else() -> None:
    yes, no = np.array([True]), np.array([False])
    both = form_opinions({"first": yes, "second": yes}, yes, no, "otherwise", 0.6, {})
    assert (both.action[0], both.confidence[0], both.reason_at(0)) == (0, 0.0, "first")
    second = form_opinions({"first": no, "second": yes}, yes, no, "otherwise", 0.6, {})
    assert second.reason_at(0) == "second"
    none = form_opinions({"first": no}, no, no, "otherwise", 0.6, {})
    assert none.reason_at(0) == "otherwise"
    sold = form_opinions({"first": no}, no, yes, "otherwise", 0.6, {})
    assert (sold.action[0], sold.confidence[0], sold.reason_at(0)) == (-1, 0.6, "")


def test_exits_stand_in_the_order_of_their_bars() -> None:
    at, sides = Leaving(np.array([False, True, False, True]), np.array([True, True, False, False])).places()
    assert list(zip(at.tolist(), sides.tolist(), strict=True)) == [(0, -1), (1, 1), (1, -1), (3, 1)]


@pytest.mark.parametrize("atr_period", [2, 14, 150])
@pytest.mark.parametrize("name", BY_CHANGE)
def test_the_end_of_the_warm_up_is_no_change_of_opinion(name: str, atr_period: int) -> None:
    strategy = strategy_named(name, {"atr_period": atr_period})
    assert isinstance(strategy, OpinionStrategy)
    opinions = strategy.opinions(BarArrays.of(random_bars(300)))
    assert opinions.reason_at(strategy.warmup_bars - 2) not in WARMING_UP
