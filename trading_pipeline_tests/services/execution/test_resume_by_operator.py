"""A person lifts a halt, unless what it was set for still stands."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import ConfigurationError, DataError, TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline.services.execution.resume_by_operator import resume_by_operator
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, operator_command, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

SOL = "SOLUSDT.BYBIT"
OURS = f"{ACCOUNT}/{SOL}"
"""What reconciliation halts."""


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account that holds nothing and is halted nowhere."""
    return Lab(database)


def resume(lab: Lab, scope: str = SOL, reason: str = "", *, forced: bool = False) -> bool:
    def compare() -> Sequence[Difference]:
        return compare_account(context=lab.context("run-o"))

    command = operator_command(CommandVerb.RESUME, scope, reason)
    return resume_by_operator(controls=lab.controls, command=command, compare=compare, forced=forced)


def differ(lab: Lab, side: Side = Side.BUY) -> None:
    """Somebody trades 3 by hand."""
    lab.venue.trade(SOL, side, Decimal(3), Decimal(1000), FillKind.TRADE)


def scopes(lab: Lab) -> list[str]:
    return [halt.scope for halt in lab.halts.halts()]


def test_a_reconciliations_halt_stands_with_its_difference(lab: Lab) -> None:
    differ(lab)
    reconcile_account(context=lab.context("run-r"))
    with pytest.raises(DataError, match=r"stays halted.*unknown_position: external: the venue holds 3 on the buy side"):
        resume(lab, OURS)
    assert scopes(lab) == [OURS]
    assert [one.outcome for one in lab.commands.of("c-1")] == [CommandOutcome.ASKED, CommandOutcome.FAILED]


def test_it_is_lifted_once_the_difference_is_gone(lab: Lab) -> None:
    differ(lab)
    reconcile_account(context=lab.context("run-r"))
    differ(lab, Side.SELL)
    assert resume(lab, OURS)
    assert scopes(lab) == []
    assert lab.postbox.subjects(Severity.INFO) == [f"resumed: {OURS}"]


def test_an_operators_halt_may_hide_a_difference(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT, SOL))
    differ(lab)
    with pytest.raises(DataError, match=r"SOLUSDT.BYBIT stays halted"):
        resume(lab)


@pytest.mark.parametrize("halted_apart", [True, False])
def test_lifting_the_kill_switch_leaves_differences_halted(lab: Lab, halted_apart: bool) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
    differ(lab)
    if halted_apart:
        reconcile_account(context=lab.context("run-r"))
        assert resume(lab, "all")
        assert scopes(lab) == [OURS]
    else:
        with pytest.raises(DataError, match="all stays halted"):
            resume(lab, "all")


def test_a_difference_elsewhere_keeps_no_symbol_halted(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT, "BTCUSDT.BYBIT"))
    differ(lab)
    assert resume(lab, "BTCUSDT.BYBIT")


def test_force_lifts_with_a_reason_and_asks_nobody(lab: Lab) -> None:
    differ(lab)
    reconcile_account(context=lab.context("run-r"))
    lab.venue.faults["positions"] = [TemporaryVenueError("down")] * 9
    with pytest.raises(ConfigurationError, match="without a reason"):
        resume(lab, OURS, forced=True)
    assert resume(lab, OURS, reason="the three are mine", forced=True)
    assert [one.detail for one in lab.commands.of("c-1")] == ["", "lifted without asking"]


def test_a_venue_that_cannot_be_asked_lifts_nothing(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT, SOL))
    lab.venue.faults["positions"] = [TemporaryVenueError("down")] * 9
    with pytest.raises(TemporaryVenueError):
        resume(lab)
    assert scopes(lab) == [SOL]


def test_resuming_what_is_not_halted_says_so(lab: Lab) -> None:
    assert not resume(lab)
    assert [one.detail for one in lab.commands.of("c-1")] == ["", "nothing was halted"]


def test_after_a_resume_only_new_plans_enter(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
    denied, waiting = trade_plan(), trade_plan("ADAUSDT.BYBIT")
    store_plan(lab.database, denied)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_plan(lab.database, waiting)
    lab.clock.advance(timedelta(minutes=30))
    assert resume(lab, "all")
    following = trade_plan(SOL, close_time=WAVE + timedelta(minutes=30))
    store_plan(lab.database, following)
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    outcomes = [lab.plan_status(plan)[0] for plan in (denied, waiting, following)]
    assert outcomes == [PlanStatus.DENIED, PlanStatus.EXPIRED, PlanStatus.EXECUTED]
    assert lab.venue.accepted[0] == f"{following.plan_id}_E"
