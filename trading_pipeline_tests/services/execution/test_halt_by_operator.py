"""A person stops entries; what is open stays protected."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.testkit.execution_lab import (
    WAVE,
    Lab,
    exit_signal,
    operator_command,
    store_bar,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
NEXT = WAVE + Timeframe.M15.duration
HALT = operator_command(CommandVerb.HALT, PLAN.instrument_id)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open, protected long."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def manage(lab: Lab) -> None:
    manage_positions(
        context=lab.context("run-2"), indicators=PostgresIndicatorReader(lab.database), wave=NEXT, finest=Timeframe.M15
    )


def test_a_halt_stands_with_its_reason_and_is_told_once(lab: Lab) -> None:
    assert halt_by_operator(controls=lab.controls, command=HALT)
    assert not halt_by_operator(controls=lab.controls, command=HALT)
    assert lab.halts.halts() == [Halt(HaltScope(PLAN.instrument_id), "because", WAVE)]
    assert lab.postbox.subjects(Severity.CRITICAL) == ["halted: BTCUSDT.BYBIT"]


def test_who_halted_and_what_came_of_it_is_kept(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=HALT)
    halt_by_operator(controls=lab.controls, command=HALT)
    assert [(one.outcome, one.detail, one.command) for one in lab.commands.of("c-1")] == [
        (CommandOutcome.ASKED, "", HALT),
        (CommandOutcome.DONE, "halted", HALT),
        (CommandOutcome.ASKED, "", HALT),
        (CommandOutcome.DONE, "was halted already", HALT),
    ]


def test_a_halt_without_a_reason_is_refused(lab: Lab) -> None:
    with pytest.raises(ConfigurationError, match="halt of all without a reason"):
        halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT, reason=" "))
    assert lab.halts.halts() == []


@pytest.mark.parametrize(
    ("scope", "rule", "others_enter"), [("all", "kill_switch", False), ("SOLUSDT.BYBIT", "halt", True)]
)
def test_no_halted_symbol_is_entered(lab: Lab, scope: str, rule: str, others_enter: bool) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT, scope))
    halted, other = trade_plan("SOLUSDT.BYBIT"), trade_plan("ADAUSDT.BYBIT")
    store_plan(lab.database, halted)
    store_plan(lab.database, other)
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(halted) == (
        PlanStatus.DENIED,
        f"{rule}: {scope} halted since 2025-11-03 12:00 UTC: because",
    )
    assert (f"{other.plan_id}_E" in lab.venue.posts) is others_enter


def test_a_halted_position_gets_its_stop_back(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
    lab.venue.strip_stop(PLAN.instrument_id)
    lab.clock.set(NEXT)
    store_bar(lab.database, PLAN.instrument_id, NEXT, Decimal(1000), 4.0)
    manage(lab)
    assert [held.stop_loss for held in lab.venue.positions()] == [PLAN.stop_price]


def test_a_halted_position_may_still_leave(lab: Lab) -> None:
    halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
    lab.venue.on_fill = lab.ledger.apply_fill
    lab.venue.move(PLAN.instrument_id, Decimal(1010))
    lab.clock.set(NEXT)
    store_bar(lab.database, PLAN.instrument_id, NEXT, Decimal(1010), 4.0)
    store_signal(lab.database, exit_signal(PLAN, NEXT))
    manage(lab)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    assert lab.ledger.intent(f"{PLAN.plan_id}_TP1").state.final
    assert (position.quantity, position.exit_reason) == (Decimal(0), ExitReason.SIGNAL_EXIT)


def test_trading_is_halted_while_the_venue_does_not_answer(lab: Lab) -> None:
    for method in ("positions", "wallet", "order", "open_orders", "fills"):
        lab.venue.faults[method] = [TemporaryVenueError("down")] * 9
    lab.clock.advance(timedelta(minutes=1))
    assert halt_by_operator(controls=lab.controls, command=operator_command(CommandVerb.HALT))
