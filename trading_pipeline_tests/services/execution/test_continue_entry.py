"""An entry that ended short goes on: a limit gives way, a market order has one more; never more than was decided."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.leave_position import leave_position
from trading_pipeline.services.execution.protect_position import protect_position
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_venue import ResponseLost
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

BTC = "BTCUSDT.BYBIT"
RULE = EntryOrder(OrderType.LIMIT, timeout_s=15, partial_timeout_s=20, max_retries=2, reprice_bps=Decimal(5))
PLAN = trade_plan()
DECIDED = Decimal(5)
"""Base currency: 50 at risk, 10 from entry to stop."""


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account whose market order fills when a test says so."""
    lab = Lab(database)
    lab.venue.holds_fills = True
    return lab


def enter(lab: Lab, rule: EntryOrder = RULE, above: Decimal = Decimal(1010)) -> TradePlan:
    """Execute a plan entered at 1000 while the price is above, so that a limit rests."""
    plan = replace(PLAN, entry_order=rule)
    store_plan(lab.database, plan)
    lab.venue.prices[BTC] = above
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return plan


def look(lab: Lab, plan: TradePlan, seconds: int = 0) -> Position:
    """Somebody looks after the entry so many seconds of venue time later."""
    lab.clock.advance(timedelta(seconds=seconds))
    protect_position(context=lab.context("run-2"), plan=plan)
    position = lab.ledger.position_of(plan.plan_id)
    assert position is not None
    return position


def orders(lab: Lab, plan: TradePlan) -> list[tuple[str, str, str, IntentState]]:
    """The entry's orders: ending of the link id, price or ``market``, quantity, state."""
    return [
        (
            record.intent.order_link_id.removeprefix(f"{plan.plan_id}_"),
            str(record.intent.price or "market"),
            f"{record.intent.quantity:f}",
            record.state,
        )
        for record in lab.ledger.entries_of(plan.plan_id)
    ]


def test_a_limit_rests_with_its_stop_until_expiry(lab: Lab) -> None:
    plan = enter(lab)
    assert look(lab, plan, seconds=14).status is PositionStatus.OPENING
    assert orders(lab, plan) == [("E", "1000.0", "5.000", IntentState.ACKNOWLEDGED)]
    assert lab.ledger.entries_of(plan.plan_id)[0].intent.stop_loss == Decimal(990)


def test_a_late_filled_limit_is_followed_throughout(lab: Lab) -> None:
    plan = enter(lab, above=Decimal(1005))
    lab.venue.fill(f"{plan.plan_id}_E", DECIDED, Decimal(1000))
    assert follow_fills(context=lab.context("run-2")).positions == {plan.plan_id: "live_stop"}
    assert lab.plan_status(plan)[0] is PlanStatus.EXECUTED
    assert len(lab.venue.open_orders()) == 2
    assert follow_fills(context=lab.context("run-3")).positions == {}


def test_an_unfilled_limit_tries_twice_then_takes_market(lab: Lab) -> None:
    plan = enter(lab)
    for _ in range(3):
        position = look(lab, plan, seconds=15)
    assert orders(lab, plan) == [
        ("E", "1000.0", "5.000", IntentState.CANCELLED),
        ("E1", "1000.5", "5.000", IntentState.CANCELLED),
        ("E2", "1001.0", "5.000", IntentState.CANCELLED),
        ("E3", "market", "5.000", IntentState.ACKNOWLEDGED),
    ]
    assert (position.status, lab.plan_status(plan)[0]) == (PositionStatus.OPENING, PlanStatus.CLAIMED)


def test_a_stalled_partial_fill_is_followed_by_the_rest_alone(lab: Lab) -> None:
    plan = enter(lab)
    lab.venue.fill(f"{plan.plan_id}_E", Decimal(2), Decimal(1000))
    assert look(lab, plan, seconds=19).quantity == Decimal(2)
    look(lab, plan, seconds=1)
    lab.venue.fill(f"{plan.plan_id}_E1", Decimal(3), Decimal("1000.5"))
    position = look(lab, plan)
    assert [(ending, quantity) for ending, _, quantity, _ in orders(lab, plan)] == [("E", "5.000"), ("E1", "3.000")]
    assert (position.entry_quantity, position.entry_price) == (DECIDED, Decimal("1000.3"))
    # Targets are of all that was filled, at the average of it.
    targets = [one.intent for one in lab.ledger.intents_of(plan.plan_id) if one.intent.reduce_only]
    assert [(one.quantity, one.price) for one in targets] == [(Decimal(2), Decimal("1010.6")), (2, Decimal("1020.9"))]


def test_an_unfilled_entry_ends_with_its_plan(lab: Lab) -> None:
    plan = enter(lab, replace(RULE, max_retries=1, market_fallback=False))
    look(lab, plan, seconds=15)
    assert look(lab, plan, seconds=15).status is PositionStatus.FAILED
    assert lab.plan_status(plan)[0] is PlanStatus.FAILED
    assert len(orders(lab, plan)) == 2


def test_a_cancellation_that_loses_against_the_fill_is_followed_by_nothing(lab: Lab) -> None:
    plan = enter(lab)
    link_id = f"{plan.plan_id}_E"
    lab.venue.before_cancel = lambda: lab.venue.fill(link_id, DECIDED, Decimal(1000))
    position = look(lab, plan, seconds=15)
    assert [(ending, state) for ending, *_, state in orders(lab, plan)] == [("E", IntentState.FILLED)]
    assert position.entry_quantity == DECIDED


def test_an_expired_plan_takes_its_limit_back_and_sends_no_other(lab: Lab) -> None:
    plan = enter(lab)
    assert look(lab, plan, seconds=901).status is PositionStatus.FAILED
    assert orders(lab, plan)[1:] == [("E1", "1000.5", "5.000", IntentState.EXPIRED)]
    assert lab.venue.posts == [f"{plan.plan_id}_E"]


def test_leaving_a_position_takes_its_limit_back(lab: Lab) -> None:
    plan = enter(lab)
    lab.venue.fill(f"{plan.plan_id}_E", Decimal(2), Decimal(1000))
    look(lab, plan)
    lab.venue.holds_fills = False
    assert leave_position(context=lab.context("run-3"), plan=plan, purpose=Purpose.OPERATOR_EXIT)
    assert look(lab, plan, seconds=60).status is PositionStatus.CLOSED
    assert [ending for ending, *_ in orders(lab, plan)] == ["E"]


def test_a_limits_lost_answer_is_found(lab: Lab) -> None:
    lab.venue.faults["submit"] = [ResponseLost()]
    plan = enter(lab)
    look(lab, plan, seconds=15)
    assert [(ending, state) for ending, *_, state in orders(lab, plan)] == [
        ("E", IntentState.CANCELLED),
        ("E1", IntentState.ACKNOWLEDGED),
    ]
    assert lab.venue.posts == [f"{plan.plan_id}_E", f"{plan.plan_id}_E1"]


def test_an_unfilled_limit_gives_up_its_wanted_place(lab: Lab) -> None:
    plan = enter(lab)
    assert leave_position(context=lab.context("run-3"), plan=plan, purpose=Purpose.UPGRADE_EXIT)
    assert look(lab, plan, seconds=60).status is PositionStatus.FAILED
    assert orders(lab, plan) == [("E", "1000.0", "5.000", IntentState.CANCELLED)]


def test_a_partial_market_order_has_one_follow_up(lab: Lab) -> None:
    plan = enter(lab, EntryOrder())
    for ending, part in (("E", Decimal(2)), ("E-pf", Decimal(1))):
        lab.venue.fill(f"{plan.plan_id}_{ending}", part, Decimal(1010))
        lab.venue.end(f"{plan.plan_id}_{ending}")
        look(lab, plan)
    position = look(lab, plan)
    assert orders(lab, plan) == [
        ("E", "market", "5.000", IntentState.CANCELLED),
        ("E-pf", "market", "3.000", IntentState.CANCELLED),
    ]
    assert (position.status, position.entry_quantity) == (PositionStatus.OPEN, Decimal(3))


def test_a_position_on_its_way_out_has_no_follow_up(lab: Lab) -> None:
    plan = enter(lab, EntryOrder())
    lab.venue.fill(f"{plan.plan_id}_E", Decimal(2), Decimal(1010))
    look(lab, plan)
    assert not close_position(context=lab.context("run-3"), plan=plan, purpose=Purpose.NEXT_BAR_EXIT)
    lab.venue.end(f"{plan.plan_id}_E")
    assert look(lab, plan).quantity == Decimal(2)
    assert [ending for ending, *_ in orders(lab, plan)] == ["E"]


def test_a_market_order_that_filled_nothing_is_followed_by_nothing(lab: Lab) -> None:
    plan = enter(lab, EntryOrder())
    lab.venue.end(f"{plan.plan_id}_E")
    assert look(lab, plan).status is PositionStatus.FAILED
    assert len(orders(lab, plan)) == 1


def test_a_rest_below_the_smallest_order_is_left_out(lab: Lab) -> None:
    plan = enter(lab, EntryOrder())
    lab.venue.fill(f"{plan.plan_id}_E", DECIDED - Decimal("0.0004"), Decimal(1010))
    lab.venue.end(f"{plan.plan_id}_E")
    look(lab, plan)
    assert len(orders(lab, plan)) == 1


def test_a_halt_ends_an_entry_that_was_to_go_on(lab: Lab) -> None:
    plan = enter(lab)
    lab.halts.halt(Halt(HaltScope("all"), "a person says so", lab.clock.now()))
    assert look(lab, plan, seconds=15).status is PositionStatus.FAILED
    assert lab.venue.posts == [f"{plan.plan_id}_E"]


def test_a_run_killed_anywhere_leaves_one_order_to_go_on_with(lab: Lab) -> None:
    plan = enter(lab)
    lab.clock.advance(timedelta(seconds=15))
    for before in count():
        wire = Tripwire(before)
        context = replace(lab.context(f"run-{before}"), ledger=wire.around(lab.ledger), trading=wire.around(lab.venue))
        with suppress(Killed):
            protect_position(context=context, plan=plan)
            break
    assert look(lab, plan).status is PositionStatus.OPENING
    assert [ending for ending, *_ in orders(lab, plan)] == ["E", "E1"]
    assert lab.venue.accepted == [f"{plan.plan_id}_E", f"{plan.plan_id}_E1"]
