"""A person opens what a stored signal says, by the steps of every other plan."""

from datetime import timedelta

import dagster as dg
import pytest
from sqlalchemy import Engine, delete

from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.postgres.tables import trade_plans
from trading_pipeline.defs.operations.jobs import open_from_signal
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import ConfigurationError, OrderDenied, UnknownName
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.execution.open_by_operator import OpeningQuestion, plan_to_open, take_up_by_operator
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_jobs import ExecutionOfLab
from trading_pipeline_tests.testkit.execution_lab import (
    LIFECYCLE,
    WAVE,
    Lab,
    exit_signal,
    operator_command,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

RUN, LATER = "0190a4c5-0000-4000-8000-000000000003", "0190a4c5-0000-4000-8000-000000000004"
LONG = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one plan that the gate denied while its instrument was halted."""
    lab = Lab(database)
    store_plan(database, LONG)
    lab.halts.halt(Halt(HaltScope(LONG.instrument_id), "look first", WAVE))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(LONG)[0] is PlanStatus.DENIED
    lab.halts.lift(HaltScope(LONG.instrument_id))
    return lab


def launch(lab: Lab, signal_id: str, run_id: str = RUN) -> dg.ExecuteInProcessResult:
    """As the launchpad would."""
    execution = ExecutionOfLab(lab, run_id)
    return open_from_signal.execute_in_process(
        run_id=run_id,
        run_config={"ops": {"take_up": {"config": {"actor": "ann", "reason": "lifted", "signal_id": signal_id}}}},
        resources={
            "execution": dg.ResourceDefinition.hardcoded_resource(execution),
            "io_manager": dg.mem_io_manager,
        },
    )


def recorded(lab: Lab, run_id: str = RUN) -> list[tuple[CommandVerb, str, CommandOutcome, str]]:
    return [(one.command.verb, one.command.scope, one.outcome, one.detail) for one in lab.commands.of(run_id)]


def test_a_denied_signal_is_opened_through_the_gate_with_its_stop_and_targets(lab: Lab) -> None:
    assert launch(lab, LONG.signal_id).success
    (held,) = lab.venue.positions()
    assert (held.instrument_id, held.stop_loss) == (LONG.instrument_id, LONG.stop_price)
    assert lab.venue.posts == [f"{LONG.plan_id}_{purpose}" for purpose in ("E", "TP1", "TP2")]
    assert lab.ledger.intent(f"{LONG.plan_id}_E").intent.run_id == RUN
    assert lab.plan_status(LONG)[0] is PlanStatus.EXECUTED
    assert recorded(lab) == [
        (CommandVerb.OPEN, LONG.instrument_id, CommandOutcome.ASKED, f"open signal {LONG.signal_id}"),
        (CommandVerb.OPEN, LONG.instrument_id, CommandOutcome.DONE, f"plan {LONG.plan_id} is executed"),
    ]


def test_however_often_it_is_asked_one_entry_is_sent(lab: Lab) -> None:
    launch(lab, LONG.signal_id)
    with pytest.raises(OrderDenied, match=f"plan {LONG.plan_id} is executed"):
        launch(lab, LONG.signal_id, LATER)
    execute_plans(context=lab.context("run-9"), gate=lab.gate, equity=lab.equity)
    assert [link_id for link_id in lab.venue.posts if link_id.endswith("_E")] == [f"{LONG.plan_id}_E"]
    assert [outcome for _, _, outcome, _ in recorded(lab, LATER)] == [CommandOutcome.ASKED, CommandOutcome.FAILED]


def test_of_two_commands_at_one_time_one_takes_the_plan(lab: Lab) -> None:
    lease = timedelta(minutes=1)
    assert lab.ledger.take_up(LONG.plan_id, RUN, lease)
    assert not lab.ledger.take_up(LONG.plan_id, LATER, lease)
    assert lab.ledger.take_up(LONG.plan_id, RUN, lease)
    with pytest.raises(OrderDenied, match=f"run {RUN} executes plan {LONG.plan_id} already"):
        launch(lab, LONG.signal_id, LATER)
    assert lab.venue.posts == []


def test_a_run_that_died_is_taken_over_by_the_pipeline(lab: Lab) -> None:
    lab.ledger.take_up(LONG.plan_id, RUN, timedelta(minutes=1))
    lab.end_leases()
    execute_plans(context=lab.context("run-9"), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(LONG)[0] is PlanStatus.EXECUTED


def test_what_the_gate_denies_fails_the_run_with_its_rule(lab: Lab) -> None:
    other = trade_plan(bias=Bias.SHORT)
    store_plan(lab.database, other, PlanStatus.DENIED, checks=False)
    launch(lab, LONG.signal_id)
    with pytest.raises(OrderDenied, match=r"is denied: opposite_position: .* against the plan's side"):
        launch(lab, other.signal_id, LATER)
    assert recorded(lab, LATER)[-1][2] is CommandOutcome.FAILED
    assert len(lab.venue.positions()) == 1


def test_a_halt_or_the_clock_refuses_before_anything_is_claimed(lab: Lab) -> None:
    lab.halts.halt(Halt(HaltScope("all"), "maintenance", WAVE))
    with pytest.raises(OrderDenied, match=r"all halted since .*maintenance"):
        launch(lab, LONG.signal_id)
    lab.halts.lift(HaltScope("all"))
    lab.clock.advance(timedelta(minutes=15, seconds=1))
    with pytest.raises(OrderDenied, match=r"was valid until 2025-11-03 12:15:00 UTC"):
        launch(lab, LONG.signal_id, LATER)
    assert (lab.plan_status(LONG)[0], lab.venue.posts) == (PlanStatus.DENIED, [])


def test_an_unknown_signal_and_a_command_without_a_reason_are_refused(lab: Lab) -> None:
    with pytest.raises(UnknownName, match="there is no 'nothing' among signals"):
        launch(lab, "nothing")
    command = operator_command(CommandVerb.OPEN, LONG.instrument_id, reason=" ")
    with pytest.raises(ConfigurationError, match="without a reason"):
        take_up_by_operator(
            open_context=lab.context, controls=lab.controls, strategies=[], command=command, signal_id=LONG.signal_id
        )
    assert lab.venue.posts == []


def stored(lab: Lab, instrument_id: str, status: PlanStatus, timeframe: Timeframe = Timeframe.M15) -> TradePlan:
    plan = trade_plan(instrument_id, timeframe=timeframe)
    store_plan(lab.database, plan, status)
    return plan


def test_what_is_no_open_plan_of_a_traded_signal_is_refused_with_the_reason(lab: Lab) -> None:
    watching = StrategyConfig(strategy_named("ema_atr", {}), (Timeframe.M15,), (), LIFECYCLE, None, (Timeframe.H1,))
    history = stored(lab, "SOLUSDT.BYBIT", PlanStatus.HISTORICAL)
    late = stored(lab, "ADAUSDT.BYBIT", PlanStatus.EXPIRED)
    watched = stored(lab, "SOLUSDT.BYBIT", PlanStatus.NEW, Timeframe.H1)
    leaving = exit_signal(LONG, WAVE)
    store_signal(lab.database, leaving)
    unplanned = stored(lab, "ADAUSDT.BYBIT", PlanStatus.NEW, Timeframe.H1)
    with lab.database.begin() as connection:
        connection.execute(delete(trade_plans).where(trade_plans.c.plan_id == unplanned.plan_id))

    def refusal(signal_id: str, *strategies: StrategyConfig) -> str:
        question = OpeningQuestion(signal_id, strategies, lab.clock, ACCOUNT)
        signals = PostgresSignalReader(lab.database)
        with pytest.raises(OrderDenied) as refused:
            plan_to_open(signals=signals, plans=lab.ledger, halts=lab.halts, question=question)
        return refused.value.reason

    assert "history, which can never reach an order" in refusal(history.signal_id)
    assert refusal(late.signal_id) == f"plan {late.plan_id} is expired"
    assert refusal(watched.signal_id, watching) == "ema_atr only watches SOLUSDT.BYBIT at 1h"
    assert refusal(leaving.signal_id) == "the signal leaves a long, it enters none"
    assert refusal(unplanned.signal_id) == "no plan was made of the signal"
    assert refusal(unplanned.signal_id, watching) == "ema_atr only watches ADAUSDT.BYBIT at 1h"
