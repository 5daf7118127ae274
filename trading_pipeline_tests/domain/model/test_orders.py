"""Sides, and what the state of an order allows to be concluded."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.orders import (
    IntentRecord,
    IntentState,
    OrderIntent,
    OrderType,
    Purpose,
    Side,
    order_link_id,
)
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline_tests.testkit.builders import ACCOUNT

FINAL = {
    IntentState.FILLED,
    IntentState.CANCELLED,
    IntentState.REJECTED,
    IntentState.EXPIRED,
    IntentState.ABSENT,
}
BUY = OrderIntent(
    order_link_id="p_E",
    account_id=ACCOUNT,
    plan_id="p",
    purpose=Purpose.ENTRY,
    instrument_id="BTCUSDT.BYBIT",
    side=Side.BUY,
    order_type=OrderType.MARKET,
    quantity=Decimal(5),
    price=None,
    stop_loss=Decimal(990),
    reduce_only=False,
    valid_until=datetime(2025, 11, 3, 12, tzinfo=UTC),
    run_id="run-1",
)


def record(state: IntentState, filled: int = 0) -> IntentRecord:
    return IntentRecord(BUY, state, "", "", Decimal(filled), None, None)


def test_longs_open_by_buying_and_shorts_by_selling() -> None:
    sides = [(Side.opening(bias), Side.opening(bias).opposite) for bias in (Bias.LONG, Bias.SHORT)]
    assert sides == [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)]


def test_the_other_side_of_a_view() -> None:
    assert (Bias.LONG.opposite, Bias.SHORT.opposite) == (Bias.SHORT, Bias.LONG)


@pytest.mark.parametrize("state", IntentState)
def test_an_order_may_grow_from_the_request_to_its_end(state: IntentState) -> None:
    assert state.final is (state in FINAL)
    assert record(state).growing is (state not in FINAL and state is not IntentState.INTENDED)


def test_the_venue_is_asked_about_what_was_sent_and_not_answered() -> None:
    assert {state for state in IntentState if state.unsettled} == {IntentState.SENT, IntentState.UNKNOWN}


@pytest.mark.parametrize(
    ("state", "filled", "empty"),
    [
        (IntentState.CANCELLED, 0, True),
        (IntentState.CANCELLED, 2, False),
        (IntentState.SENT, 0, False),
        (IntentState.PARTIALLY_FILLED, 2, False),
    ],
)
def test_an_order_is_empty_when_it_ended_without_a_fill(state: IntentState, filled: int, empty: bool) -> None:
    assert record(state, filled).empty is empty


def test_an_entry_is_the_first_layer_unless_it_says_otherwise() -> None:
    assert BUY.layer == 1
    assert order_link_id("p", Purpose.ENTRY) == "p_E"
