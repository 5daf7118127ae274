"""The circuit breaker and the pauses of an account, by the job that looks after it every minute."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, Row, select

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.postgres.tables import risk_events
from trading_pipeline.domain.model.commands import CommandVerb
from trading_pipeline.domain.model.errors import OrderRejectedByVenue, TemporaryVenueError
from trading_pipeline.domain.model.halts import ALL, Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.risk.held import EntryHealth, ProcessingLag
from trading_pipeline.domain.risk.limit_sections import CircuitLimits, PauseLimits
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader
from trading_pipeline.services.accounting.record_equity import ensure_day_start, record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving
from trading_pipeline.services.execution.resume_by_operator import resume_by_operator
from trading_pipeline.services.execution.watch_account import watch_account
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_jobs import reconcile
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Lab, operator_command, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BREAKING = replace(LIMITS, max_daily_loss=Decimal(0), circuit=CircuitLimits(Decimal("0.02"), Decimal("0.04")))
PAUSING = replace(LIMITS, pause=PauseLimits(Decimal("0.5"), 2_000, Decimal("0.2"), 1_000))
WELL = EntryHealth(10, 0, Decimal(100))


@dataclass
class Told(EntryHealthReader):
    """What it is given."""

    health: EntryHealth = field(default=WELL)

    def of_entries(self, within: timedelta) -> EntryHealth:
        """The same whatever the window."""
        assert within == timedelta(minutes=5)
        return self.health

    def lag(self, within: timedelta) -> ProcessingLag:
        """None."""
        assert within == timedelta(minutes=5)
        return ProcessingLag(Decimal(0), Decimal(0))


@pytest.fixture
def lab(database: Engine) -> Lab:
    lab = Lab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    ensure_day_start(trading=lab.venue, equity=lab.equity, now=WAVE)
    return lab


def watch(lab: Lab, limits: RiskLimits = BREAKING, health: EntryHealth = WELL, run_id: str = "run-w") -> dict[str, str]:
    """A minute passes, the wallet is read, the account looks after itself."""
    lab.clock.set(lab.clock.now() + timedelta(minutes=1))
    record_equity(trading=lab.venue, equity=lab.equity)
    return watch_account(
        context=replace(lab.context(run_id), limits=limits),
        equity=lab.equity,
        health=Told(health),
        events=PostgresRiskEventLog(lab.database, ACCOUNT, run_id),
    )


def worth(lab: Lab, equity: int) -> None:
    lab.venue.equity = Decimal(equity)


def open_position(lab: Lab) -> str:
    plan = trade_plan("SOLUSDT.BYBIT")
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return plan.plan_id


def refused_by(lab: Lab, limits: RiskLimits = BREAKING) -> list[str]:
    """The rules against an entry of now."""
    store_plan(lab.database, trade_plan(close_time=lab.clock.now()))
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-g")
    context = replace(lab.context("run-g"), limits=limits)
    return [denied.rule for denied in gate_plans(context=context, gate=lab.gate, plans=claim.plans).denied]


def kinds(lab: Lab) -> list[HaltKind]:
    return [halt.kind for halt in lab.halts.halts()]


def events(lab: Lab) -> Sequence[Row[tuple[object, ...]]]:
    with lab.database.connect() as connection:
        return connection.execute(select(risk_events).where(risk_events.c.plan_id.is_(None))).all()


@pytest.mark.parametrize(
    ("equity", "opened", "status"),
    [
        (9_850, [], PositionStatus.OPEN),
        (9_799, [HaltKind.CIRCUIT_SOFT], PositionStatus.OPEN),
        (9_599, [HaltKind.CIRCUIT_HARD, HaltKind.CIRCUIT_SOFT], PositionStatus.CLOSED),
    ],
    ids=["1.5 %", "2.01 %", "4.01 %"],
)
def test_two_percent_stop_entries_and_four_close_everything(
    lab: Lab, equity: int, opened: list[HaltKind], status: PositionStatus
) -> None:
    position_id = open_position(lab)
    worth(lab, equity)
    watch(lab)
    position = lab.ledger.position_of(position_id)
    assert position is not None
    assert (kinds(lab), position.status) == (opened, status)
    assert refused_by(lab) == (["circuit_breaker"] if opened else [])
    if status is PositionStatus.CLOSED:
        assert position.exit_reason is ExitReason.CIRCUIT_BREAKER
        assert lab.postbox.subjects(Severity.CRITICAL) == [f"circuit breaker of {ACCOUNT}"]


def test_what_opened_stays_open_until_the_day_ends_whatever_equity_does(lab: Lab) -> None:
    worth(lab, 9_700)
    watch(lab)
    worth(lab, 10_500)
    watch(lab)
    assert (kinds(lab), refused_by(lab)) == ([HaltKind.CIRCUIT_SOFT], ["circuit_breaker"])
    lab.clock.set(WAVE.replace(hour=23, minute=58))
    watch(lab)
    assert refused_by(lab) == ["circuit_breaker"]
    watch(lab)  # at midnight
    assert (kinds(lab), refused_by(lab)) == ([], [])


def test_it_opens_once_and_is_kept_once(lab: Lab) -> None:
    worth(lab, 9_700)
    for run_id in ("run-1", "run-2"):
        watch(lab, run_id=run_id)
    (event,) = events(lab)
    assert (event.rule, event.value, event.limit) == ("circuit_soft", Decimal("0.03"), Decimal("0.02"))
    assert (event.account_id, event.run_id) == (ACCOUNT, "run-1")
    assert lab.postbox.subjects(Severity.WARNING) == [f"circuit breaker of {ACCOUNT}"]


def test_what_is_not_flat_is_tried_again_after_midnight_too(lab: Lab) -> None:
    position_id = open_position(lab)
    worth(lab, 9_500)
    lab.venue.faults["submit"] = [OrderRejectedByVenue("too many orders", "10006")] * 3
    assert watch(lab) == {"SOLUSDT.BYBIT": "closing failed"}
    lab.clock.set(WAVE.replace(hour=23, minute=59))
    worth(lab, 10_000)
    watch(lab)
    assert kinds(lab) == []
    assert carry_on_leaving(context=lab.context("run-r")) == {"SOLUSDT.BYBIT": "closed"}
    position = lab.ledger.position_of(position_id)
    assert position is not None
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, ExitReason.CIRCUIT_BREAKER)


def test_without_a_watch_the_days_readings_deny(lab: Lab) -> None:
    worth(lab, 9_799)
    lab.clock.set(WAVE + timedelta(minutes=1))
    record_equity(trading=lab.venue, equity=lab.equity)
    worth(lab, 10_000)
    assert refused_by(lab) == ["circuit_soft"]


def test_no_person_lifts_the_breaker_and_is_told_so(lab: Lab) -> None:
    worth(lab, 9_700)
    watch(lab)
    command = operator_command(CommandVerb.RESUME, ACCOUNT)
    assert not resume_by_operator(controls=lab.controls, command=command, compare=list)
    assert kinds(lab) == [HaltKind.CIRCUIT_SOFT]
    assert "ends with the UTC day" in lab.commands.of(command.command_id)[-1].detail


def test_switched_off_nothing_opens(lab: Lab) -> None:
    worth(lab, 5_000)
    watch(lab, LIMITS)
    assert kinds(lab) == []


def test_a_day_without_a_reading_opens_nothing(database: Engine) -> None:
    lab = Lab(database)
    lab.venue.faults["wallet"] = [TemporaryVenueError("down")]
    watch_account(
        context=replace(lab.context(), limits=BREAKING),
        equity=lab.equity,
        health=Told(),
        events=PostgresRiskEventLog(database, ACCOUNT),
    )
    assert kinds(lab) == []


@pytest.mark.parametrize(
    ("health", "paused"),
    [
        (EntryHealth(10, 4, Decimal(100)), False),
        (EntryHealth(10, 5, Decimal(100)), True),
        (EntryHealth(10, 0, Decimal(1_999)), False),
        (EntryHealth(10, 0, Decimal(2_000)), True),
        (EntryHealth(0, 0, Decimal(0)), False),
    ],
)
def test_a_venue_that_fails_or_is_slow_pauses_entries(lab: Lab, health: EntryHealth, paused: bool) -> None:
    watch(lab, PAUSING, health)
    assert (kinds(lab) == [HaltKind.PAUSE], refused_by(lab, PAUSING) == ["pause"]) == (paused, paused)


def test_a_pause_ends_well_below_its_limits(lab: Lab) -> None:
    watch(lab, PAUSING, EntryHealth(10, 5, Decimal(100)))
    for still in (EntryHealth(10, 3, Decimal(100)), EntryHealth(10, 2, Decimal(1_001))):
        watch(lab, PAUSING, still)
        assert kinds(lab) == [HaltKind.PAUSE]
    watch(lab, PAUSING, EntryHealth(10, 2, Decimal(1_000)))
    assert kinds(lab) == []
    assert [(event.rule, event.action) for event in events(lab)] == [("pause", "deny"), ("pause", "warn")]


def test_a_persons_halt_outlasts_a_pause(lab: Lab) -> None:
    watch(lab, PAUSING, EntryHealth(10, 5, Decimal(100)))
    lab.halts.halt(replace(lab.halts.halts()[0], kind=HaltKind.HALT, reason="look first"))
    watch(lab, PAUSING)
    assert kinds(lab) == [HaltKind.HALT]
    assert lab.halts.halts()[0].scope == HaltScope(ACCOUNT)


def test_the_days_first_wave_needs_no_watch(lab: Lab) -> None:
    worth(lab, 9_700)
    watch(lab)
    midnight = WAVE.replace(hour=0) + timedelta(days=1)
    lab.clock.set(midnight)
    plan = trade_plan(close_time=midnight)
    store_plan(lab.database, plan)
    context = replace(lab.context("run-g"), limits=BREAKING)
    execute_plans(context=context, gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(plan)[0] is PlanStatus.EXECUTED
    assert lab.postbox.subjects(Severity.INFO) == [f"over: circuit_soft of {ACCOUNT}"]


def test_the_kill_switch_outlives_midnight(lab: Lab) -> None:
    lab.halts.halt(Halt(ALL, "look first", WAVE))
    lab.clock.set(WAVE + timedelta(days=1))
    watch(lab)
    assert refused_by(lab) == ["kill_switch"]


class BreakingLab(Lab):
    """An account whose limits have a circuit breaker."""

    def context(self, run_id: str = "run-1") -> ExecutionContext:
        """With the breaker."""
        return replace(super().context(run_id), limits=BREAKING)


def test_reconciling_opens_the_breaker_and_closes(database: Engine) -> None:
    lab = BreakingLab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    position_id = open_position(lab)
    worth(lab, 9_599)
    lab.clock.set(WAVE + timedelta(minutes=1))
    assert reconcile(lab).success
    position = lab.ledger.position_of(position_id)
    assert position is not None
    assert (kinds(lab), position.exit_reason) == (
        [HaltKind.CIRCUIT_HARD, HaltKind.CIRCUIT_SOFT],
        ExitReason.CIRCUIT_BREAKER,
    )
    assert lab.venue.positions() == []
