"""A plan that is entered at several prices: 5 of the whole at 1000, stop 990; levels at 997 and 994, equal parts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import OrderRejectedByVenue
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.model.plans import EntryLevel, PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.scenarios.killed_runs import (
    assert_safe,
    execute,
    follow,
    fresh,
    ledger_state,
    lost_requests,
)
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, trade_plan
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

UNTIL = WAVE + timedelta(minutes=45)
SHARES = {"997": "0.3333333333", "994": "0.1904761905"}
"""Of the risk, in proportion to the distances 10, 7 and 4 from the stop: equal quantities."""
LEVELS = tuple(EntryLevel(Decimal(price), Decimal(share), UNTIL) for price, share in SHARES.items())
PLAN = replace(trade_plan(), levels=LEVELS)
SYMBOL = PLAN.instrument_id


@pytest.fixture
def lab(module_database: Engine) -> Lab:
    return fresh(module_database, PLAN)


def entered(lab: Lab) -> Lab:
    execute(lab, Tripwire(), "run-1")
    return lab


def entries(lab: Lab) -> dict[str, IntentState]:
    """Ends of the link ids of the plan's entries, with what became of each."""
    kept = lab.ledger.entries_of(PLAN.plan_id)
    return {one.intent.order_link_id.removeprefix(f"{PLAN.plan_id}_"): one.state for one in kept}


def targets(lab: Lab) -> list[Decimal]:
    """Quantities of the take profits that rest."""
    resting = [lab.ledger.intent(one.order_link_id).intent for one in lab.venue.open_orders()]
    return sorted(intent.quantity for intent in resting if intent.reduce_only)


def reach(lab: Lab, price: str) -> None:
    lab.venue.move(SYMBOL, Decimal(price))
    follow_fills(context=lab.context("run-f"))


def test_levels_rest_behind_the_stop_of_the_first_entry(lab: Lab) -> None:
    entered(lab)
    assert entries(lab) == {
        "E": IntentState.FILLED,
        "EL2": IntentState.ACKNOWLEDGED,
        "EL3": IntentState.ACKNOWLEDGED,
    }
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXECUTED
    kept = [one.intent for one in lab.ledger.entries_of(PLAN.plan_id)]
    assert {one.stop_loss for one in kept} == {Decimal(990)}
    assert len({one.quantity for one in kept}) == 1
    # What is at risk is what one entry would have had: 5 x 10.
    lost = sum(one.quantity * ((one.price or Decimal(1000)) - 990) for one in kept)
    assert Decimal("49.9") < lost <= 50


def test_targets_grow_with_each_level(lab: Lab) -> None:
    entered(lab)
    before = targets(lab)
    reach(lab, "997")
    assert entries(lab)["EL2"] is IntentState.FILLED
    assert targets(lab) == [2 * quantity for quantity in before]
    reach(lab, "994")
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.entry_price == 997
    assert sum(targets(lab)) < position.quantity
    assert_safe(lab)


def test_a_target_ends_the_levels(lab: Lab) -> None:
    entered(lab)
    reach(lab, "1010")
    assert entries(lab) == {"E": IntentState.FILLED, "EL2": IntentState.CANCELLED, "EL3": IntentState.CANCELLED}
    assert_safe(lab)


def test_a_stop_that_jumps_past_the_levels_ends_them(lab: Lab) -> None:
    entered(lab)
    # The stop alone, below both of them.
    lab.venue.trade(SYMBOL, Side.SELL, lab.venue.positions()[0].quantity, Decimal(985), FillKind.STOP_LOSS)
    follow_fills(context=lab.context("run-f"))
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert position.status is PositionStatus.CLOSED
    assert lab.venue.open_orders() == []


def test_levels_end_with_their_bars(lab: Lab) -> None:
    entered(lab)
    lab.clock.set(UNTIL + timedelta(seconds=1))
    follow_fills(context=lab.context("run-f"))
    assert entries(lab)["EL2"] is IntentState.ACKNOWLEDGED  # nothing was to be followed
    execution_jobs.manage(lab, UNTIL, "run-m")
    assert set(entries(lab).values()) == {IntentState.FILLED, IntentState.CANCELLED}


def test_a_halt_ends_the_levels(lab: Lab) -> None:
    entered(lab)
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT), "because", WAVE))
    reach(lab, "997")
    assert entries(lab) == {"E": IntentState.FILLED, "EL2": IntentState.FILLED, "EL3": IntentState.CANCELLED}


def test_without_the_first_entry_no_level_is_sent(lab: Lab) -> None:
    lab.venue.faults["submit"] = [OrderRejectedByVenue("not enough margin")]
    entered(lab)
    follow_fills(context=lab.context("run-f"))
    assert entries(lab) == {"E": IntentState.REJECTED, "EL2": IntentState.EXPIRED, "EL3": IntentState.EXPIRED}
    assert lab.plan_status(PLAN)[0] is PlanStatus.REJECTED
    assert lab.venue.open_orders() == []


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_levels_killed_before_any_call_end_as_if_undisturbed(module_database: Engine) -> None:
    lab, wire = fresh(module_database, PLAN), Tripwire()
    execute(lab, wire, "run-1")
    undisturbed = ledger_state(lab)
    for call in range(len(wire.calls)):
        lab = fresh(module_database, PLAN)
        with pytest.raises(Killed):
            execute(lab, Tripwire(call), "run-1")
        assert_safe(lab)
        lab.end_leases()
        execute(lab, Tripwire(), "run-2")
        follow(lab, Tripwire(), "run-f")
        assert_safe(lab)
        if not lost_requests(lab):
            assert ledger_state(lab) == undisturbed, f"killed before call {call}: {wire.calls[call]}"
