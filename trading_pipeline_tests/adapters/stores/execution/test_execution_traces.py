"""Every step from plan to exit is a row with its run, and each fill says how it compares with its decision."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.adapters.stores.postgres.tables import execution_traces, fills
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()


def in_the_name_of(lab: Lab, run_id: str) -> ExecutionContext:
    """The account as a run of the system has it: by its lease."""
    lease = AccountLease(lab.database, ACCOUNT, "first", run_id)
    lab.gate = PostgresEntryGate(lease.fenced, ACCOUNT)
    return replace(lab.context(run_id), ledger=PostgresLedger(lease.fenced, ACCOUNT, run_id))


@pytest.fixture
def traded(database: Engine) -> Lab:
    """A long that one run entered at 1001 for a plan at 1000, and another saw through its first target and its stop."""
    lab = Lab(database)
    store_plan(database, PLAN)
    lab.venue.prices[PLAN.instrument_id] = Decimal(1001)
    execute_plans(context=in_the_name_of(lab, "entering"), gate=lab.gate, equity=lab.equity)
    following = in_the_name_of(lab, "following")
    for price in (1012, 1001):
        lab.clock.advance(timedelta(minutes=1))
        lab.venue.move(PLAN.instrument_id, Decimal(price))
        follow_fills(context=following)
    return lab


def steps(lab: Lab) -> list[str]:
    """What was traced of the plan, in its order, each with the run that did it."""
    trace = execution_traces.c
    query = select(execution_traces).where(trace.plan_id == PLAN.plan_id).order_by(trace.trace_id)
    with lab.database.connect() as connection:
        return [f"{row.run_id}: {_named(row)}" for row in connection.execute(query)]


def _named(row: object) -> str:
    order = str(row.order_link_id or "").removeprefix(f"{PLAN.plan_id}_")  # type: ignore[attr-defined]
    return " ".join(filter(None, (row.subject, order, row.step)))  # type: ignore[attr-defined]


def test_each_step_is_traced_once_with_its_run(traded: Lab) -> None:
    assert steps(traded) == [
        "planning-run: plan new",
        "entering: plan claimed",
        "entering: position opening",
        "entering: order E intended",
        "entering: order E sent",
        "entering: order E acknowledged",
        "entering: order E filled",
        "entering: fill E trade",
        "entering: position open",
        "entering: order TP1 intended",
        "entering: order TP2 intended",
        "entering: order TP1 sent",
        "entering: order TP1 acknowledged",
        "entering: order TP2 sent",
        "entering: order TP2 acknowledged",
        "entering: position protected",
        "entering: plan executed",
        "following: order TP1 filled",
        "following: fill TP1 trade",
        "following: position stop_moved",
        "following: position protected",
        "following: order TP2 cancelled",
        "following: fill stop_loss",
        "following: position closed",
    ]


def test_historical_plans_and_rewritten_rows_leave_no_trace(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan("SOLUSDT.BYBIT"), PlanStatus.HISTORICAL)
    store_plan(database, PLAN)
    with database.begin() as connection:
        connection.execute(text("UPDATE trading.trade_plans SET status = status"))
        assert connection.execute(text("SELECT count(*) FROM trading.execution_traces")).scalar() == 1
    assert steps(lab) == ["planning-run: plan new"]


def test_nobody_rewrites_a_trace(traded: Lab) -> None:
    with pytest.raises(DBAPIError, match="execution_traces is append-only"), traded.database.begin() as connection:
        connection.execute(text("DELETE FROM trading.execution_traces"))


def slipped(lab: Lab) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    """By order, what a fill was held against and how much worse it was."""
    query = select(fills).order_by(fills.c.sequence)
    with lab.database.connect() as connection:
        return {
            row.order_link_id.partition("_")[2] or row.kind: (row.reference_price, row.slippage_bps)
            for row in connection.execute(query)
        }


def test_fills_are_held_against_close_target_or_stop(traded: Lab) -> None:
    assert slipped(traded) == {
        "E": (Decimal(1000), Decimal(10)),
        "TP1": (Decimal(1012), Decimal(0)),
        "stop_loss": (Decimal(1001), Decimal(0)),
    }


def test_fills_survive_a_version_without_traces(traded: Lab) -> None:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = traded.database
    command.downgrade(config, "0032")
    command.upgrade(config, "0033")
    assert slipped(traded) == dict.fromkeys(("E", "TP1", "stop_loss"), (None, None))
    assert steps(traded) == []
