"""No filled position without a live stop."""

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import OrderOutcomeUnknown, TemporaryVenueError, TurnedAway
from trading_pipeline.domain.model.fills import Fill
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.protect_position import protect_position
from trading_pipeline.services.execution.prove_stop import Protection
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import ExecutionSummary, execute_plans
from trading_pipeline_tests.testkit.fake_venue import FakeVenue

PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one new plan."""
    lab = Lab(database)
    store_plan(database, PLAN)
    return lab


def execute(lab: Lab, run_id: str = "run-1") -> ExecutionSummary:
    return execute_plans(context=lab.context(run_id), gate=lab.gate, equity=lab.equity)


def test_a_stop_the_venue_forgot_is_set(lab: Lab) -> None:
    lab.venue.forgets_stops = True
    summary = execute(lab)
    assert summary.protected[0].protection is Protection.REPAIRED_STOP
    assert lab.venue.positions()[0].stop_loss == Decimal(990)
    assert lab.postbox.subjects(Severity.WARNING) == ["stop repaired: BTCUSDT.BYBIT"]


def test_a_position_that_cannot_be_protected_is_closed_and_alarmed(lab: Lab) -> None:
    lab.venue.forgets_stops = lab.venue.refuses_stops = True
    summary = execute(lab)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, ExitReason.PROTECTION_FAILED)
    assert summary.protected[0].protection is Protection.CLOSED
    assert lab.venue.positions() == []
    assert lab.postbox.subjects(Severity.CRITICAL) == ["no stop: BTCUSDT.BYBIT"]


def test_an_exit_whose_answer_is_lost_is_not_sent_twice(lab: Lab) -> None:
    lab.venue.forgets_stops = lab.venue.refuses_stops = True
    lab.venue.faults["submit"] = [None, OrderOutcomeUnknown("request lost")]
    execute(lab)
    exits = [link for link in lab.venue.posts if "_FX" in link]
    assert exits == [f"{PLAN.plan_id}_FX", f"{PLAN.plan_id}_FX1"]
    assert lab.venue.positions() == []


def test_a_written_exit_is_the_next_to_go(lab: Lab) -> None:
    execute(lab)
    lab.venue.faults["submit"] = [OrderOutcomeUnknown("request lost"), *[TurnedAway("slow down")] * 9]
    assert not close_position(context=lab.context("run-2"), plan=PLAN, purpose=Purpose.EXIT)
    lab.venue.faults.clear()
    assert close_position(context=lab.context("run-3"), plan=PLAN, purpose=Purpose.EXIT)
    assert lab.ledger.intent(f"{PLAN.plan_id}_FX1").state is IntentState.FILLED


def test_an_exit_that_never_works_calls_the_operator(lab: Lab) -> None:
    lab.venue.forgets_stops = lab.venue.refuses_stops = True
    lab.venue.faults["submit"] = [None, *[OrderOutcomeUnknown("request lost")] * 5]
    summary = execute(lab)
    assert summary.protected[0].protection is Protection.CLOSING_FAILED
    assert "cannot close BTCUSDT.BYBIT" in lab.postbox.subjects(Severity.CRITICAL)


def test_targets_follow_what_the_entry_really_filled(lab: Lab) -> None:
    lab.venue.holds_fills = True
    assert execute(lab).protected[0].protection is Protection.NOT_FILLED
    lab.venue.fill(f"{PLAN.plan_id}_E", Decimal("1.001"), Decimal(1001))
    lab.venue.end(f"{PLAN.plan_id}_E")
    protect_position(context=lab.context("run-2"), plan=PLAN)
    # The one order for the rest fills nothing.
    lab.venue.end(f"{PLAN.plan_id}_E-pf")
    result = protect_position(context=lab.context("run-3"), plan=PLAN)
    targets = {
        record.intent.purpose: (record.intent.quantity, record.intent.price)
        for record in lab.ledger.intents_of(PLAN.plan_id)
        if record.intent.reduce_only
    }
    assert result.protection is Protection.LIVE_STOP
    assert targets == {
        Purpose.TAKE_PROFIT_1: (Decimal("0.400"), Decimal(1012)),
        Purpose.TAKE_PROFIT_2: (Decimal("0.400"), Decimal(1023)),
    }


def test_a_growing_entry_has_stop_and_no_target(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute(lab)
    lab.venue.fill(f"{PLAN.plan_id}_E", Decimal(1), Decimal(1000))
    result = protect_position(context=lab.context("run-2"), plan=PLAN)
    assert (result.protection, result.targets) == (Protection.LIVE_STOP, ())


def test_an_entry_that_does_not_fill_keeps_its_plan_claimed(lab: Lab) -> None:
    lab.venue.holds_fills = True
    assert execute(lab).outcomes == {PLAN.plan_id: PlanStatus.CLAIMED}


def test_protecting_twice_sends_nothing_twice(lab: Lab) -> None:
    execute(lab)
    posts = list(lab.venue.posts)
    protect_position(context=lab.context("run-2"), plan=PLAN)
    assert lab.venue.posts == posts


def test_fills_that_are_known_are_not_waited_for(lab: Lab) -> None:
    execute(lab)
    lab.pauses.clear()
    protect_position(context=lab.context("run-2"), plan=PLAN)
    assert lab.pauses == []


class SlowToList(FakeVenue):
    """Says that an order is filled a question before it lists the fills."""

    hidden = False

    def fills(self, since: datetime) -> list[Fill]:
        found = super().fills(since)
        if found and not self.hidden:
            self.hidden = True
            return []
        return found


def test_fills_that_the_venue_lists_late_are_waited_for(lab: Lab) -> None:
    lab.venue = SlowToList(lab.clock, lab.venue.prices)
    (result,) = execute(lab).protected
    assert (result.protection, len(result.targets)) == (Protection.LIVE_STOP, 2)
    assert lab.pauses


def test_a_target_that_never_arrived_is_placed_under_the_next_number(lab: Lab) -> None:
    lab.venue.faults["submit"] = [None, OrderOutcomeUnknown("request lost")]
    execute(lab)
    protect_position(context=lab.context("run-2"), plan=PLAN)
    assert lab.ledger.intent(f"{PLAN.plan_id}_TP1").state is IntentState.ABSENT
    assert lab.ledger.intent(f"{PLAN.plan_id}_TP11").state is IntentState.ACKNOWLEDGED


def test_a_silent_venue_leaves_the_plan_claimed(lab: Lab) -> None:
    lab.venue.faults["positions"] = [TemporaryVenueError("down")] * 3
    summary = execute(lab)
    assert (summary.protected, summary.outcomes) == ((), {})
    assert lab.plan_status(PLAN)[0] is PlanStatus.CLAIMED
    assert lab.postbox.subjects(Severity.CRITICAL) == ["protection not proved: BTCUSDT.BYBIT"]
    assert execute(lab).outcomes == {PLAN.plan_id: PlanStatus.EXECUTED}


def test_a_stop_somebody_loosened_is_pulled_back(lab: Lab) -> None:
    execute(lab)
    lab.venue.set_stop_loss("BTCUSDT.BYBIT", Decimal(900))
    assert protect_position(context=lab.context("run-2"), plan=PLAN).protection is Protection.REPAIRED_STOP
    assert lab.venue.positions()[0].stop_loss == Decimal(990)
