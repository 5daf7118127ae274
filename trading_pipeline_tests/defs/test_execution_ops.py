"""The ops of one run on a real ledger: what they do in order, and what they tell about it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import dagster as dg
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.defs.execution.jobs import manage_and_execute
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import ExitReason
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, exit_signal, store_plan, store_signal, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

RUN = "0190a4c5-0000-4000-8000-000000000001"
"""Dagster wants a run id to look like one."""
NEXT = WAVE + timedelta(minutes=15)
LONG = trade_plan()
SHORT = replace(
    trade_plan(bias=Bias.SHORT, close_time=NEXT),
    score=Decimal(54),
    scoring=Scoring(Decimal("53.6"), Decimal("33.6"), Decimal(20), ("RSI_DIV",)),
)


PARAMETERS = Parameters(config_dir="config")


@dataclass
class ExecutionOfLab:
    """In place of ``ExecutionResource``: one account in memory at its venue, real in its ledger."""

    context: ExecutionContext
    gate: PostgresEntryGate
    equity: PostgresEquityLog
    indicators: PostgresIndicatorReader
    parameters: Parameters


def run(lab: Lab) -> dg.ExecuteInProcessResult:
    """The job of a wave that has both positions and plans."""
    stand_in = ExecutionOfLab(lab.context(RUN), lab.gate, lab.equity, PostgresIndicatorReader(lab.database), PARAMETERS)
    return manage_and_execute.execute_in_process(
        run_id=RUN,
        run_config={"ops": {"manage": {"config": {"close_time": NEXT.isoformat()}}}},
        resources={"execution": dg.ResourceDefinition.hardcoded_resource(stand_in), "io_manager": dg.mem_io_manager},
    )


def told(result: dg.ExecuteInProcessResult, op: str) -> dict[str, object]:
    """What an op said of its output."""
    (output,) = [one for one in result.events_for_node(op) if one.is_successful_output]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def test_one_run_leaves_by_the_strategys_exit_and_enters_the_other_side(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, LONG)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_signal(database, exit_signal(LONG, NEXT))
    store_plan(database, SHORT)
    lab.clock.set(NEXT)
    result = run(lab)
    left = lab.ledger.position_of(LONG.plan_id)
    assert left is not None
    assert left.exit_reason is ExitReason.SIGNAL_EXIT
    assert [held.side for held in lab.venue.positions()] == [Side.SELL]
    assert lab.plan_status(SHORT)[0] is PlanStatus.EXECUTED
    assert told(result, "manage")["positions"] == {"BTCUSDT.BYBIT": "the strategy leaves: closed"}


def test_a_claim_tells_how_its_plans_scored(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, SHORT)
    lab.clock.set(NEXT)
    planned_by = told(run(lab), "claim")["planned_by"]
    assert "score 54 (quality 53.6: divergence 33.6, confluence 20.0 by RSI_DIV)" in str(planned_by)
