"""A stop moves one way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.stops import TargetsReached, next_stop, passed, targets_reached
from trading_pipeline_tests.testkit.trading_desk import WAVE, instrument, trade_plan

BTC = instrument()


def position(bias: Bias) -> Position:
    plan = trade_plan(bias=bias)
    zero, five = Decimal(0), Decimal(5)
    return Position(
        plan.plan_id, plan.plan_id, plan.symbol, Timeframe.M15, bias, PositionStatus.OPEN, five, five, Decimal(1000),
        plan.stop_price, plan.stop_price, zero, zero, zero, WAVE, None, None, WAVE + timedelta(0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bias", "first", "last", "close", "expected"),
    [
        (Bias.LONG, False, False, 1005, "990"),
        (Bias.LONG, True, False, 1010, "1000"),
        (Bias.LONG, True, True, 1020, "1008"),
        (Bias.LONG, True, True, 1005, "1000"),
        (Bias.LONG, True, True, None, "1000"),
        (Bias.SHORT, False, False, 995, "1010"),
        (Bias.SHORT, True, False, 990, "1000"),
        (Bias.SHORT, True, True, 980, "992"),
        (Bias.SHORT, True, True, 995, "1000"),
    ],
)
def test_where_the_stop_goes(bias: Bias, first: bool, last: bool, close: int | None, expected: str) -> None:
    at, atr = (None, None) if close is None else (Decimal(close), Decimal(4))
    stop = next_stop(trade_plan(bias=bias), position(bias), TargetsReached(first, last), BTC, at, atr)
    assert stop == Decimal(expected)


@given(
    bias=st.sampled_from(Bias),
    closes=st.lists(st.decimals(900, 1100, places=1), min_size=1, max_size=8),
    atr=st.decimals("0.1", 50, places=1),
    first=st.booleans(),
    last=st.booleans(),
)
def test_a_stop_is_never_loosened(bias: Bias, closes: list[Decimal], atr: Decimal, first: bool, last: bool) -> None:
    held = position(bias)
    for close in closes:
        stop = next_stop(trade_plan(bias=bias), held, TargetsReached(first, last), BTC, close, atr)
        assert (stop >= held.stop_price) if bias is Bias.LONG else (stop <= held.stop_price)
        held = replace(held, stop_price=stop)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({}, TargetsReached(first=False, last=True)),
        ({Purpose.TAKE_PROFIT_1: IntentState.ACKNOWLEDGED}, TargetsReached(first=False, last=False)),
        (
            {Purpose.TAKE_PROFIT_1: IntentState.FILLED, Purpose.TAKE_PROFIT_2: IntentState.ACKNOWLEDGED},
            TargetsReached(first=True, last=False),
        ),
        (
            {Purpose.TAKE_PROFIT_1: IntentState.FILLED, Purpose.TAKE_PROFIT_2: IntentState.REJECTED},
            TargetsReached(first=True, last=True),
        ),
    ],
)
def test_steps_behind_a_position(targets: dict[Purpose, IntentState], expected: TargetsReached) -> None:
    assert targets_reached(targets) == expected


@pytest.mark.parametrize(("bias", "price", "expected"), [
    (Bias.LONG, 1001, False), (Bias.LONG, 1000, True), (Bias.SHORT, 999, False), (Bias.SHORT, 1000, True),
])  # fmt: skip
def test_a_stop_the_price_has_reached_is_passed(bias: Bias, price: int, expected: bool) -> None:
    assert passed(bias, Decimal(1000), Decimal(price)) is expected
