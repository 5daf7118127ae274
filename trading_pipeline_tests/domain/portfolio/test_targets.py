"""Targets share out what was filled, and never more."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import Runner, Target
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.targets import Entered, target_orders
from trading_pipeline_tests.testkit.execution_lab import instrument, trade_plan

BTC = instrument()
NO_RUNNER = Runner(Decimal(0), Decimal(3), 14)


def entered(quantity: str | Decimal) -> Entered:
    """At 1000 with the stop at 990."""
    return Entered(Decimal(quantity), Decimal(1000), Decimal(990))


def shares(filled: str, *fractions: str, minimum: str = "0.001", runner: bool = True) -> list[tuple[str, str]]:
    targets = tuple(Target(Decimal(r), Decimal(share)) for r, share in enumerate(fractions, start=1))
    plan = replace(trade_plan(), targets=targets, runner=trade_plan().runner if runner else NO_RUNNER)
    steps = replace(BTC, min_quantity=Decimal(minimum))
    orders = target_orders(plan, entered(filled), steps)
    return [(order.purpose.name, str(order.quantity)) for order in orders]


@pytest.mark.parametrize(
    ("filled", "minimum", "expected"),
    [
        ("5", "0.001", [("TAKE_PROFIT_1", "2.000"), ("TAKE_PROFIT_2", "2.000")]),
        ("0.007", "0.001", [("TAKE_PROFIT_1", "0.002"), ("TAKE_PROFIT_2", "0.002")]),
        ("0.002", "0.001", [("TAKE_PROFIT_2", "0.001")]),
        ("0.004", "0.003", [("TAKE_PROFIT_2", "0.003")]),
        ("0.001", "0.001", []),
    ],
    ids=["plain", "rounded down", "first joins second", "below the minimum joins", "all of it is the runner"],
)
def test_shares_of_the_fill(filled: str, minimum: str, expected: list[tuple[str, str]]) -> None:
    assert shares(filled, "0.4", "0.4", minimum=minimum) == expected


def test_without_a_runner_the_last_target_takes_the_rest() -> None:
    assert shares("0.007", "0.5", "0.5", runner=False) == [("TAKE_PROFIT_1", "0.003"), ("TAKE_PROFIT_2", "0.004")]
    assert shares("0.007", "1", runner=False) == [("TAKE_PROFIT_1", "0.007")]


def test_three_targets_share_out_everything() -> None:
    expected = [("TAKE_PROFIT_1", "0.004"), ("TAKE_PROFIT_2", "0.003"), ("TAKE_PROFIT_3", "0.004")]
    assert shares("0.011", "0.4", "0.3", "0.3", runner=False) == expected


@pytest.mark.parametrize(("bias", "prices"), [(Bias.LONG, ["1012.0", "1023.0"]), (Bias.SHORT, ["992.0", "983.0"])])
def test_one_r_is_measured_from_the_average_fill(bias: Bias, prices: list[str]) -> None:
    plan = trade_plan(bias=bias)
    orders = target_orders(plan, Entered(Decimal(5), Decimal(1001), plan.stop_price), BTC)
    assert [str(order.price) for order in orders] == prices


def test_one_r_ends_at_the_stop_as_the_venue_holds_it() -> None:
    orders = target_orders(trade_plan(), Entered(Decimal(5), Decimal(1000), Decimal("990.4")), BTC)
    assert [str(order.price) for order in orders] == ["1009.6", "1019.2"]


LAYERED = Entered(Decimal(10), Decimal(1002), Decimal(994))
"""R is 8."""


def rests(
    entered: Entered, *fractions: str, runner: bool = False, minimum: str = "0.001"
) -> list[tuple[str, str, str]]:
    targets = tuple(Target(Decimal(r), Decimal(share)) for r, share in enumerate(fractions, start=1))
    plan = replace(trade_plan(), targets=targets, runner=trade_plan().runner if runner else NO_RUNNER)
    orders = target_orders(plan, entered, replace(BTC, min_quantity=Decimal(minimum)))
    return [(order.purpose.value, str(order.quantity), str(order.price)) for order in orders]


def test_targets_that_filled_before_the_newest_layer_stay_filled() -> None:
    # 2 of the first 5 are sold: 0.3 x 10 for the second target, all that is left beside it for the third
    after_one = replace(LAYERED, reached=1, taken={Purpose.TAKE_PROFIT_1: Decimal(2)})
    assert rests(after_one, "0.4", "0.3", "0.3") == [("TP2", "3.000", "1018.0"), ("TP3", "5.000", "1026.0")]
    after_all = replace(
        LAYERED, reached=2, taken={Purpose.TAKE_PROFIT_1: Decimal(2), Purpose.TAKE_PROFIT_2: Decimal(2)}
    )
    assert rests(after_all, "0.4", "0.4", runner=True) == []


def test_a_partly_filled_target_asks_for_the_rest() -> None:
    begun = replace(LAYERED, taken={Purpose.TAKE_PROFIT_1: Decimal("0.5")})
    assert rests(begun, "0.4", "0.6") == [("TP1", "3.500", "1010.0"), ("TP2", "6.000", "1018.0")]


def test_a_rest_below_the_minimum_joins_the_next() -> None:
    begun = replace(LAYERED, taken={Purpose.TAKE_PROFIT_1: Decimal("3.5")})
    assert rests(begun, "0.4", "0.4", runner=True, minimum="1") == [("TP2", "4.500", "1018.0")]


def test_a_filled_targets_part_is_not_sold_twice() -> None:
    # Of the first 1 the parts 0.4 and 0.1 were sold together at the second target. Of 10 the second alone is again too
    # small and joins the third, which may sell no more than the 9.5 that are left.
    joined = replace(LAYERED, reached=2, taken={Purpose.TAKE_PROFIT_2: Decimal("0.5")})
    assert rests(joined, "0.4", "0.04", "0.56", minimum="0.5") == [("TP3", "9.500", "1026.0")]


def test_a_filled_targets_small_part_joins_the_next() -> None:
    # 0.04 x 10 is below the minimum and was sold with less: 0.36 x 10 and all of it rest at the third target
    joined = replace(LAYERED, reached=2, taken={Purpose.TAKE_PROFIT_2: Decimal("0.5")})
    assert rests(joined, "0.4", "0.04", "0.36", runner=True, minimum="0.5") == [("TP3", "4.000", "1026.0")]


def test_no_target_rests_where_there_is_no_price() -> None:
    # R is 500 of 1000, so that the second target of a short would rest at 0
    short = trade_plan(bias=Bias.SHORT)
    orders = target_orders(short, Entered(Decimal(5), Decimal(1000), Decimal(1500)), BTC)
    assert [str(order.price) for order in orders] == ["500.0"]


def test_targets_of_a_cheap_coin_rest_below_one() -> None:
    orders = target_orders(trade_plan(), Entered(Decimal(5), Decimal("0.5"), Decimal("0.4")), BTC)
    assert [str(order.price) for order in orders] == ["0.6", "0.7"]


@given(
    filled=st.decimals("0.001", 100, places=3),
    first=st.decimals(0, "0.5", places=2),
    second=st.decimals(0, "0.5", places=2),
    minimum=st.sampled_from(["0.001", "0.01", "0.5"]),
)
def test_targets_never_exceed_what_was_filled(filled: Decimal, first: Decimal, second: Decimal, minimum: str) -> None:
    plan = replace(trade_plan(), targets=(Target(Decimal(1), first), Target(Decimal(2), second)))
    steps = replace(BTC, min_quantity=Decimal(minimum))
    orders = target_orders(plan, entered(filled), steps)
    assert sum(order.quantity for order in orders) <= filled * (first + second)
    assert all(order.quantity >= steps.min_quantity for order in orders)
    assert {order.purpose for order in orders} <= {Purpose.TAKE_PROFIT_1, Purpose.TAKE_PROFIT_2}
