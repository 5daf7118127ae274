"""What became of orders is asked, with as few questions as it takes, and waited for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.settle_orders import SettleResult, await_order, settle_orders
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
ENTRY = f"{PLAN.plan_id}_E"
SILENCE = TemporaryVenueError("down")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one new plan."""
    lab = Lab(database)
    store_plan(database, PLAN)
    return lab


def execute(lab: Lab) -> None:
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)


def send_into_silence(lab: Lab) -> None:
    """The entry left, and nobody knows whether it arrived."""
    record_equity(trading=lab.venue, equity=lab.equity)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    lab.ledger.advance(ENTRY, IntentState.SENT)


def pausing(lab: Lab, meanwhile: Callable[[float], None]) -> ExecutionContext:
    """A context in whose pauses something happens."""
    context = lab.context()
    return replace(context, retries=replace(context.retries, pause=meanwhile))


def test_the_end_of_an_order_is_waited_for(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute(lab)
    context = pausing(lab, lambda _: lab.venue.fill(ENTRY, Decimal(5), Decimal(1000)))
    assert await_order(context, ENTRY, final=True).state is IntentState.FILLED


def test_any_word_settles_what_needs_no_end(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute(lab)
    lab.pauses.clear()
    assert await_order(lab.context(), ENTRY, final=False).state is IntentState.ACKNOWLEDGED
    assert lab.pauses == []


@pytest.mark.parametrize(("silent", "state"), [(1, IntentState.SENT), (2, IntentState.SENT), (3, IntentState.UNKNOWN)])
def test_a_request_is_unknown_when_no_question_about_it_was_answered(lab: Lab, silent: int, state: IntentState) -> None:
    send_into_silence(lab)
    lab.venue.faults["order"] = [SILENCE] * silent
    assert await_order(lab.retrying_context(), ENTRY, final=False).state is state


def test_orders_that_rest_come_with_one_question(lab: Lab) -> None:
    execute(lab)
    lab.venue.faults["order"] = [SILENCE] * 2
    assert settle_orders(context=lab.context()).problems == ()


def test_without_a_list_orders_are_looked_up_singly(lab: Lab) -> None:
    execute(lab)
    lab.venue.faults["open_orders"] = [SILENCE]
    lab.venue.end(f"{PLAN.plan_id}_TP1")
    result = settle_orders(context=lab.context())
    assert (result.settled, result.problems) == (
        {f"{PLAN.plan_id}_TP1": IntentState.CANCELLED},
        ("resting orders: down",),
    )


def test_a_delisted_instrument_keeps_no_order_waiting(lab: Lab) -> None:
    other = trade_plan("SOLUSDT.BYBIT")
    store_plan(lab.database, other)
    execute(lab)
    for plan in (PLAN, other):
        lab.venue.end(f"{plan.plan_id}_TP1")
    lab.venue.faults["order"] = [ConfigurationError("10001: symbol invalid BTCUSDT")]
    result = settle_orders(context=lab.context())
    assert result.settled == {f"{other.plan_id}_TP1": IntentState.CANCELLED}
    assert result.problems == (f"{PLAN.plan_id}_TP1: 10001: symbol invalid BTCUSDT",)


def test_a_slow_venue_is_asked_the_rest_later(lab: Lab) -> None:
    execute(lab)
    lab.venue.end(f"{PLAN.plan_id}_TP1")
    hasty = replace(lab.context(), retries=replace(lab.context().retries, patience_s=0.0))
    result = settle_orders(context=hasty)
    assert result.problems == (f"{PLAN.plan_id}_TP1: not asked about, the venue is too slow",)


def test_where_nothing_is_open_nothing_is_asked(database: Engine) -> None:
    lab = Lab(database)
    lab.venue.faults["open_orders"] = lab.venue.faults["fills"] = [SILENCE]
    assert settle_orders(context=lab.context()) == SettleResult({}, 0, ())


def test_a_missed_fill_is_found_behind_newer_ones(lab: Lab) -> None:
    other = trade_plan("SOLUSDT.BYBIT")
    store_plan(lab.database, other)
    lab.venue.holds_fills = True
    execute(lab)
    lab.venue.fill(ENTRY, Decimal(5), Decimal(1000))
    lab.venue.faults["fills"] = [SILENCE]
    assert settle_orders(context=lab.context()).problems == ("fills: down",)
    lab.clock.advance(timedelta(minutes=5))
    lab.venue.fill(f"{other.plan_id}_E", Decimal(5), Decimal(1000))
    lab.ledger.apply_fill(lab.venue.fills(lab.clock.now())[0])
    settle_orders(context=lab.context())
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.quantity == 5


@pytest.mark.parametrize(
    ("kind", "severity"), [(FillKind.VENUE, Severity.CRITICAL), (FillKind.TRADE, Severity.WARNING)]
)
def test_what_nobody_here_ordered_is_booked_as_external_and_told_once(
    lab: Lab, kind: FillKind, severity: Severity
) -> None:
    execute(lab)
    lab.clock.advance(timedelta(minutes=1))
    lab.venue.trade(PLAN.instrument_id, Side.SELL, Decimal(5), Decimal(980), kind)
    for _ in range(2):
        settle_orders(context=lab.context())
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, ExitReason.EXTERNAL)
    assert lab.postbox.subjects(severity) == [f"external fill: {PLAN.instrument_id}"]


@pytest.mark.parametrize("kind", [FillKind.STOP_LOSS, FillKind.FUNDING])
def test_a_stop_and_funding_are_no_news(lab: Lab, kind: FillKind) -> None:
    execute(lab)
    lab.clock.advance(timedelta(minutes=1))
    lab.venue.trade(PLAN.instrument_id, Side.SELL, Decimal(5), Decimal(990), kind)
    settle_orders(context=lab.context())
    assert lab.postbox.messages == []


def test_a_stop_that_the_venue_filled_is_heard_of(lab: Lab) -> None:
    execute(lab)
    lab.venue.move(PLAN.instrument_id, Decimal(990))
    settle_orders(context=lab.context())
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert (position.status, position.quantity) == (PositionStatus.CLOSED, 0)
