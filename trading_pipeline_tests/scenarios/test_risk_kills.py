"""The circuit breaker and a replacement are killed before every single call of a port, and gone on with."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limit_sections import CircuitLimits, PortfolioLimits
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving
from trading_pipeline.services.execution.watch_account import watch_account
from trading_pipeline_tests.scenarios.killed_runs import enter, fresh, swept
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

HELD = trade_plan("BTCUSDT.BYBIT")
LONGER = trade_plan("BTCUSDT.BYBIT", close_time=WAVE + timedelta(minutes=5), timeframe=Timeframe.H4, strategy="other")
BREAKING = replace(LIMITS, max_daily_loss=Decimal(0), circuit=CircuitLimits(Decimal("0.02"), Decimal("0.04")))
REPLACING = replace(LIMITS, max_open_positions=1, portfolio=PortfolioLimits(replace_lower_timeframe=True))


def context(lab: Lab, wire: Tripwire, limits: RiskLimits, run_id: str) -> ExecutionContext:
    of_run = replace(lab.context(run_id), limits=limits)
    watched = {name: wire.around(getattr(of_run, name)) for name in ("ledger", "trading", "halts", "clock")}
    return replace(of_run, **watched)


def watch(lab: Lab, wire: Tripwire, run_id: str) -> None:
    """A minute of the account's watch, and what a reconciliation goes on with."""
    of_run = context(lab, wire, BREAKING, run_id)
    carry_on_leaving(context=of_run)
    watch_account(
        context=of_run,
        equity=wire.around(lab.equity),
        health=PostgresEntryHealthReader(lab.database, ACCOUNT),
        events=wire.around(PostgresRiskEventLog(lab.database, ACCOUNT, run_id)),
    )


def execute(lab: Lab, wire: Tripwire, run_id: str) -> None:
    """A wave of the longer timeframe."""
    execute_plans(context=context(lab, wire, REPLACING, run_id), gate=wire.around(lab.gate), equity=lab.equity)


def fallen(database: Engine) -> Lab:
    lab = fresh(database, HELD)
    enter(lab)
    lab.clock.set(WAVE + timedelta(minutes=1))
    lab.venue.equity = Decimal(9_500)
    record_equity(trading=lab.venue, equity=lab.equity)
    return lab


def outgrown(database: Engine) -> Lab:
    lab = fresh(database, HELD)
    enter(lab)
    lab.clock.set(LONGER.close_time)
    store_plan(lab.database, LONGER)
    return lab


def left(lab: Lab) -> ExitReason | None:
    position = lab.ledger.position_of(HELD.plan_id)
    assert position is not None
    assert position.status is PositionStatus.CLOSED
    return position.exit_reason


def broken(lab: Lab) -> None:
    assert {halt.kind for halt in lab.halts.halts()} == {HaltKind.CIRCUIT_SOFT, HaltKind.CIRCUIT_HARD}
    assert left(lab) is ExitReason.CIRCUIT_BREAKER
    assert lab.venue.positions() == []


def upgraded(lab: Lab) -> None:
    assert left(lab) is ExitReason.MUTEX_UPGRADE
    if f"{LONGER.plan_id}_E" not in lab.venue.posts:
        # Killed between the commit of `sent` and the request: the trade is lost rather than made twice.
        assert lab.plan_status(LONGER)[0] is PlanStatus.FAILED
        assert lab.venue.positions() == []
        return
    assert lab.plan_status(LONGER)[0] is PlanStatus.EXECUTED
    (position,) = lab.venue.positions()
    assert (position.quantity, position.stop_loss) == (Decimal(5), LONGER.stop_price)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("prepare", "run", "ended", "step"),
    swept({"breaker": (fallen, watch, broken), "upgrade": (outgrown, execute, upgraded)}),
)
def test_it_ends_as_if_it_had_not_been_killed(
    database: Engine,
    prepare: Callable[[Engine], Lab],
    run: Callable[[Lab, Tripwire, str], None],
    ended: Callable[[Lab], None],
    step: int,
) -> None:
    undisturbed, lab = Tripwire(), prepare(database)
    run(lab, undisturbed, "run-1")
    ended(lab)
    # What comes after the gate has decided is an entry like any other, which has kills of its own.
    decided = [number for number, name in enumerate(undisturbed.calls) if name.endswith(".admit")]
    for before in range(0, (decided or [len(undisturbed.calls) - 1])[-1] + 1, step):
        lab = prepare(database)
        with pytest.raises(Killed):
            run(lab, Tripwire(before), "run-1")
        for run_id in ("run-1", "run-2"):
            lab.end_leases()
            run(lab, Tripwire(), run_id)
        ended(lab)
        assert max(Counter(lab.venue.posts).values()) == 1
