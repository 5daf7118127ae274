"""What a plan says of itself, and what holds where it says nothing."""

from trading_pipeline.domain.model.plans import ExitRules, Opposite, plan_id_of
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline_tests.testkit.execution_lab import trade_plan


def test_one_r_is_the_distance_to_the_stop_of_either_side() -> None:
    assert [trade_plan(bias=bias).risk_per_unit for bias in Bias] == [10, 10]


def test_a_position_has_one_layer_by_default() -> None:
    rules = ExitRules()
    assert (rules.max_layers, rules.strategy_exits, rules.opposite) == (1, True, Opposite.IGNORE)
    assert rules.break_even_after_targets == 1


def test_the_id_of_a_plan_is_as_long_as_ever() -> None:
    # a digit more or less would give an order that is stored already another name, and it would be sent again
    assert plan_id_of("0123456789abcdef" * 4) == "0123456789abcdef01"
