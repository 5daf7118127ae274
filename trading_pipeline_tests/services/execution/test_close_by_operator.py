"""A person closes a position, or all of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderRejectedByVenue,
    TemporaryVenueError,
    VenueError,
)
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.close_by_operator import close_by_operator, flatten_by_operator
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline.services.execution.submit_order import submit_order
from trading_pipeline_tests.testkit.execution_lab import Lab, instrument, operator_command, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_venue import ResponseLost

LONG, SHORT = trade_plan(), trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
CLOSE = operator_command(CommandVerb.CLOSE, LONG.instrument_id)
FLATTEN = operator_command(CommandVerb.FLATTEN, command_id="c-2")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with a long of 5 and a short of 5, protected, with their targets resting."""
    lab = Lab(database)
    for plan in (LONG, SHORT):
        store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.fixture
def admitted(database: Engine) -> Lab:
    """An account with one admitted entry that was not sent yet."""
    lab = Lab(database)
    store_plan(database, LONG)
    record_equity(trading=lab.venue, equity=lab.equity)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    return lab


def close(lab: Lab) -> bool:
    return close_by_operator(open_context=lambda: lab.context("run-c"), controls=lab.controls, command=CLOSE)


def flatten(lab: Lab) -> dict[str, str]:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT), flatten=True)
    return flatten_by_operator(open_context=lambda: lab.context("run-c"), controls=lab.controls, command=FLATTEN)


def exits(lab: Lab) -> list[str]:
    return [link_id for link_id in lab.venue.posts if "_CX" in link_id]


def held(lab: Lab) -> list[str]:
    return sorted(one.instrument_id for one in lab.venue.positions())


def told(lab: Lab, command_id: str = "c-1") -> list[tuple[CommandOutcome, str]]:
    return [(one.outcome, one.detail) for one in lab.commands.of(command_id)]


def test_a_close_is_one_reduce_only_order(lab: Lab) -> None:
    assert close(lab)
    intent = lab.ledger.intent(f"{LONG.plan_id}_CX").intent
    assert (intent.side, intent.quantity, intent.reduce_only, intent.run_id) == (Side.SELL, Decimal(5), True, "run-c")
    position = lab.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, ExitReason.OPERATOR)
    assert held(lab) == ["SOLUSDT.BYBIT"]
    assert told(lab) == [(CommandOutcome.ASKED, ""), (CommandOutcome.DONE, f"closed position {LONG.plan_id}")]


def test_nothing_rests_afterwards_and_other_symbols_keep_their_targets(lab: Lab) -> None:
    close(lab)
    assert {one.instrument_id for one in lab.venue.open_orders()} == {"SOLUSDT.BYBIT"}
    assert {record.intent.instrument_id for record in lab.ledger.open_intents()} == {"SOLUSDT.BYBIT"}


def test_closing_twice_is_closing_once(lab: Lab) -> None:
    assert close(lab)
    assert not close(lab)
    assert exits(lab) == [f"{LONG.plan_id}_CX"]
    assert told(lab)[-1] == (CommandOutcome.DONE, "nothing was open")


def test_a_close_without_a_reason_is_refused(lab: Lab) -> None:
    with pytest.raises(ConfigurationError, match="without a reason"):
        close_by_operator(open_context=lambda: lab.context(), controls=lab.controls, command=replace(CLOSE, reason=""))
    assert exits(lab) == []


@pytest.mark.parametrize(("scope", "problem"), [("all", "names one instrument"), ("BTCUSDT", "names no venue")])
def test_a_close_of_no_instrument_is_refused(lab: Lab, scope: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        close_by_operator(
            open_context=lambda: lab.context(), controls=lab.controls, command=replace(CLOSE, scope=scope)
        )
    assert (exits(lab), told(lab)) == ([], [])


def test_a_close_for_which_no_venue_answers_is_recorded_as_failed(lab: Lab) -> None:
    lab.venue.faults["positions"] = [TemporaryVenueError("down")] * 9
    with pytest.raises(TemporaryVenueError):
        close(lab)
    assert told(lab) == [(CommandOutcome.ASKED, ""), (CommandOutcome.FAILED, "down")]


def test_more_than_one_market_order_can_carry_is_closed_in_parts(lab: Lab) -> None:
    small = replace(instrument(), max_market_quantity=Decimal(2))
    context = replace(lab.context("run-c"), instruments={LONG.instrument_id: small})
    close_by_operator(open_context=lambda: context, controls=lab.controls, command=CLOSE)
    quantities = [lab.ledger.intent(link_id).intent.quantity for link_id in exits(lab)]
    assert quantities == [Decimal(2), Decimal(2), Decimal(1)]


def test_a_lost_exits_answer_is_asked_about(lab: Lab) -> None:
    lab.venue.faults["submit"] = [ResponseLost()]
    assert close(lab)
    assert exits(lab) == [f"{LONG.plan_id}_CX"]
    assert lab.ledger.intent(f"{LONG.plan_id}_CX").state is IntentState.FILLED


def test_an_unknown_exit_is_carried_on_without_repeating(lab: Lab) -> None:
    lab.venue.faults["submit"] = [ResponseLost()]
    lab.venue.holds_fills = True
    lab.venue.faults["order"] = [TemporaryVenueError("down")] * 99
    with pytest.raises(VenueError, match="not flat"):
        close_by_operator(open_context=lambda: lab.retrying_context("run-c"), controls=lab.controls, command=CLOSE)
    assert told(lab)[-1][0] is CommandOutcome.FAILED
    lab.venue.faults["order"] = []
    lab.venue.fill(f"{LONG.plan_id}_CX", Decimal(5), Decimal(1000))
    reconcile_account(context=lab.context("run-r"))
    position = lab.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert (position.status, exits(lab)) == (PositionStatus.CLOSED, [f"{LONG.plan_id}_CX"])


def test_a_refused_exit_goes_under_the_next_number(lab: Lab) -> None:
    lab.venue.faults["submit"] = [OrderRejectedByVenue("busy")]
    assert close(lab)
    assert exits(lab) == [f"{LONG.plan_id}_CX", f"{LONG.plan_id}_CX1"]


def test_an_abandoned_close_goes_on_at_reconciliation(lab: Lab) -> None:
    lab.venue.faults["submit"] = [OrderRejectedByVenue("busy")] * 3
    with pytest.raises(VenueError, match="not flat"):
        close(lab)
    assert reconcile_account(context=lab.context("run-r")).left == {"BTCUSDT.BYBIT": "closed"}
    assert held(lab) == ["SOLUSDT.BYBIT"]


def test_an_entry_that_was_not_sent_yet_never_is(admitted: Lab) -> None:
    assert close(admitted)
    submit_order(context=admitted.context(), order_link_id=f"{LONG.plan_id}_E")
    assert admitted.venue.posts == []
    assert admitted.plan_status(LONG) == (PlanStatus.EXPIRED, "entry expired: an operator closes the position")


def test_an_entry_that_fills_while_it_is_taken_back_is_closed(admitted: Lab) -> None:
    admitted.ledger.advance(f"{LONG.plan_id}_E", IntentState.SENT)
    admitted.venue.submit(admitted.ledger.intent(f"{LONG.plan_id}_E").intent)
    assert close(admitted)
    assert held(admitted) == []
    position = admitted.ledger.position_of(LONG.plan_id)
    assert position is not None
    assert (position.status, position.entry_quantity) == (PositionStatus.CLOSED, Decimal(5))


def test_a_position_that_no_plan_opened_is_told_and_left_alone(lab: Lab) -> None:
    lab.venue.trade("ADAUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    command = operator_command(CommandVerb.CLOSE, "ADAUSDT.BYBIT")
    with pytest.raises(VenueError, match=r"holds 3 of ADAUSDT.BYBIT on the buy side that no plan of ours opened"):
        close_by_operator(open_context=lambda: lab.context(), controls=lab.controls, command=command)
    assert "ADAUSDT.BYBIT" in held(lab)


def test_the_kill_switch_closes_all_that_is_ours(lab: Lab) -> None:
    assert flatten(lab) == {"BTCUSDT.BYBIT": "closed", "SOLUSDT.BYBIT": "closed"}
    assert (held(lab), lab.venue.open_orders()) == ([], [])
    assert [halt.scope for halt in lab.halts.halts()] == ["all"]


def test_the_trouble_of_one_position_keeps_no_other_open(lab: Lab) -> None:
    lab.venue.faults["submit"] = [OrderRejectedByVenue("busy")] * 3
    with pytest.raises(VenueError, match=r"BTCUSDT.BYBIT: closing failed"):
        flatten(lab)
    assert held(lab) == ["BTCUSDT.BYBIT"]
    assert reconcile_account(context=lab.context("run-r")).left == {"BTCUSDT.BYBIT": "closed"}
    assert held(lab) == []


def test_a_flattening_halt_closes_what_comes_late(admitted: Lab) -> None:
    admitted.ledger.advance(f"{LONG.plan_id}_E", IntentState.SENT)
    admitted.ledger.advance(f"{LONG.plan_id}_E", IntentState.ABSENT)
    assert flatten(admitted) == {}
    admitted.venue.submit(admitted.ledger.intent(f"{LONG.plan_id}_E").intent)
    admitted.ledger.apply_fill(admitted.venue.fills(LONG.close_time)[0])
    assert reconcile_account(context=admitted.context("run-r")).left == {"BTCUSDT.BYBIT": "closed"}
    assert held(admitted) == []


def test_a_halt_of_one_symbol_that_flattens_leaves_the_others(lab: Lab) -> None:
    command = operator_command(CommandVerb.HALT, "SOLUSDT.BYBIT")
    halt_by_operator(controls=lab.controls, command=command, flatten=True)
    flatten_by_operator(open_context=lambda: lab.context("run-c"), controls=lab.controls, command=FLATTEN)
    assert held(lab) == ["BTCUSDT.BYBIT"]


def test_a_plain_halt_closes_nothing(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
    assert reconcile_account(context=lab.context("run-r")).left == {}
    assert held(lab) == ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"]
