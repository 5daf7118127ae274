"""What follows an order of an entry that ended short, by its kind, its number and what it filled."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.portfolio.entry_attempts import next_attempt
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument
from trading_pipeline_tests.testkit.execution_lab import trade_plan

PLAN, BTC = trade_plan(), instrument()
LIMITS = EntryOrder(OrderType.LIMIT)
PATIENT = replace(LIMITS, market_fallback=False)


def ended(
    rule: EntryOrder, quantity: str = "5", filled: str = "0", side: Side = Side.BUY, state: str = "cancelled"
) -> list[IntentRecord]:
    """The first order of an entry, after its end."""
    intent = OrderIntent(
        order_link_id=f"{PLAN.plan_id}_E",
        account_id=ACCOUNT,
        plan_id=PLAN.plan_id,
        purpose=Purpose.ENTRY,
        instrument_id=PLAN.instrument_id,
        side=side,
        order_type=rule.order_type,
        quantity=Decimal(quantity),
        price=Decimal(1000) if rule.order_type is OrderType.LIMIT else None,
        stop_loss=PLAN.stop_price,
        reduce_only=False,
        valid_until=PLAN.valid_until,
        run_id="run-1",
        continues=rule.continues(0),
    )
    return [IntentRecord(intent, IntentState(state), "", "", Decimal(filled), None, None)]


def following(rule: EntryOrder, attempts: list[IntentRecord], filled: str = "0") -> list[IntentRecord]:
    """The orders with the one that follows, which ends cancelled after so much of it."""
    intent = next_attempt(rule, attempts, Decimal(1000), BTC)
    assert intent is not None
    return [*attempts, IntentRecord(intent, IntentState.CANCELLED, "", "", Decimal(filled), None, None)]


@pytest.mark.parametrize(
    ("rule", "filled", "state"),
    [
        (EntryOrder(), "0", "cancelled"),
        (EntryOrder(), "5", "filled"),
        (EntryOrder(), "4.9999", "cancelled"),
        (LIMITS, "0", "rejected"),
        (LIMITS, "0", "expired"),
        (LIMITS, "0", "absent"),
        (LIMITS, "2", "partially_filled"),
        (replace(PATIENT, max_retries=0), "2", "cancelled"),
        # 0.004 at 1000 are below the least order of 5
        (LIMITS, "4.996", "cancelled"),
    ],
)
def test_nothing_follows(rule: EntryOrder, filled: str, state: str) -> None:
    assert next_attempt(rule, ended(rule, filled=filled, state=state), Decimal(1000), BTC) is None


@pytest.mark.parametrize(("side", "prices"), [(Side.BUY, ["1000.5", "1001.0"]), (Side.SELL, ["999.5", "999.0"])])
def test_each_limit_gives_way_from_the_first_price_on(side: Side, prices: list[str]) -> None:
    orders = following(LIMITS, following(LIMITS, ended(LIMITS, side=side)))
    assert [str(one.intent.price) for one in orders[1:]] == prices


def test_after_the_last_limit_comes_the_market() -> None:
    orders = ended(LIMITS, filled="1")
    for filled in ("1", "0", "1.5"):
        orders = following(LIMITS, orders, filled)
    orders = following(LIMITS, orders, "1")
    assert [one.intent.order_link_id.removeprefix(PLAN.plan_id) for one in orders] == [
        "_E",
        "_E1",
        "_E2",
        "_E3",
        "_E3-pf",
    ]
    assert [str(one.intent.quantity) for one in orders[1:]] == ["4.000", "3.000", "3.000", "1.500"]
    assert next_attempt(LIMITS, orders, Decimal(1000), BTC) is None


def test_without_a_fallback_the_last_limit_is_the_end() -> None:
    orders = following(PATIENT, following(PATIENT, ended(PATIENT)))
    assert next_attempt(PATIENT, orders, Decimal(1000), BTC) is None


@given(st.lists(st.decimals("0", "3", places=3), min_size=1, max_size=9), st.sampled_from([LIMITS, EntryOrder()]))
def test_an_entry_never_fills_more_than_was_decided(parts: list[Decimal], rule: EntryOrder) -> None:
    orders = ended(rule, filled=str(min(parts[0], Decimal(5))))
    for part in parts[1:]:
        intent = next_attempt(rule, orders, Decimal(1000), BTC)
        if intent is None:
            break
        assert re.fullmatch(r"[0-9A-Za-z_-]{1,28}", intent.order_link_id)
        filled = min(part, intent.quantity)
        orders.append(IntentRecord(intent, IntentState.CANCELLED, "", "", filled, None, None))
    assert sum(one.filled_quantity for one in orders) <= Decimal(5)
    assert len({one.intent.order_link_id for one in orders}) == len(orders) <= 5
