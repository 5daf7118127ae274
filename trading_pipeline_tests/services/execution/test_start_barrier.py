"""Nothing is entered after a start before the account was found as the ledger has it."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.halt_trading import resume_trading
from trading_pipeline.services.execution.start_barrier import StartBarrier
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

SOL = "SOLUSDT.BYBIT"


@pytest.fixture
def lab(database: Engine) -> Lab:
    return Lab(database)


def look(lab: Lab, barrier: StartBarrier, times: int = 1) -> bool:
    for _ in range(times):
        barrier.look(lab.context("watchdog"))
    return barrier.passed


def status_of_an_entry(lab: Lab) -> tuple[PlanStatus, str]:
    plan = trade_plan()
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab.plan_status(plan)


def test_an_account_that_agrees_is_passed_at_the_first_look(lab: Lab) -> None:
    assert look(lab, StartBarrier())
    assert status_of_an_entry(lab)[0] is PlanStatus.EXECUTED


def test_what_differs_bars_every_entry_and_is_told_once(lab: Lab) -> None:
    lab.venue.trade(SOL, Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    assert not look(lab, StartBarrier(), times=30)
    status, reason = status_of_an_entry(lab)
    assert status is PlanStatus.DENIED
    assert "have not been found to agree since the start" in reason
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"not started: {ACCOUNT}"]


def test_entries_begin_when_it_is_mended(lab: Lab) -> None:
    barrier = StartBarrier()
    lab.venue.trade(SOL, Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    look(lab, barrier)
    lab.venue.trade(SOL, Side.SELL, Decimal(3), Decimal(1000), FillKind.TRADE)
    assert look(lab, barrier, times=10)
    assert lab.halts.halts() == []


def test_a_person_may_begin_all_the_same(lab: Lab) -> None:
    barrier = StartBarrier()
    lab.venue.trade(SOL, Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    look(lab, barrier)
    assert resume_trading(halts=lab.halts, notifier=lab.postbox, scope=HaltScope(ACCOUNT))
    look(lab, barrier, times=20)
    assert lab.halts.halts() == []


def test_a_venue_that_does_not_answer_passes_nothing(lab: Lab) -> None:
    lab.venue.faults["positions"] = [TemporaryVenueError("maintenance")] * 3
    with pytest.raises(TemporaryVenueError):
        look(lab, StartBarrier())
    assert [halt.kind for halt in lab.halts.halts()] == [HaltKind.START]


def test_passing_lifts_nothing_that_somebody_else_set(lab: Lab) -> None:
    by_hand = Halt(HaltScope(ACCOUNT), "look first", WAVE)
    lab.halts.halt(by_hand)
    assert look(lab, StartBarrier())
    assert lab.halts.halts() == [by_hand]
