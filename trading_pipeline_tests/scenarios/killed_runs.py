"""Runs that die before a call of a port, and what must hold of the account whatever the call."""

from collections import Counter
from collections.abc import Iterable, Mapping

import dagster as dg
import pytest
from _pytest.mark import ParameterSet
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.databases import empty
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.tripwire import Tripwire

SAMPLE = 7
"""Calls from one kill to the next in every test run: few jobs repeat anything every seven calls."""
NEXT = WAVE + Timeframe.M15.duration

State = dict[str, list[tuple[object, ...]]]


def fresh(database: Engine, *plans: TradePlan) -> Lab:
    """The same plans on an empty ledger and an empty venue."""
    empty(database)
    lab = Lab(database)
    for plan in plans:
        store_plan(database, plan)
    return lab


def enter(lab: Lab) -> None:
    """Execute what waits by the steps alone, which takes half as long: for the runs before the one that dies."""
    execute_plans(context=lab.context("run-1"), gate=lab.gate, equity=lab.equity)


def execute(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Execute what waits."""
    return execution_jobs.execute(lab, run_id, wire)


def manage(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Manage the next wave."""
    return execution_jobs.manage(lab, NEXT, run_id, wire)


def follow(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """Answer what was filled."""
    return execution_jobs.follow(lab, run_id, wire)


def reconcile(lab: Lab, wire: Tripwire, run_id: str) -> dg.ExecuteInProcessResult:
    """What the schedule does every minute."""
    return execution_jobs.reconcile(lab, run_id, wire)


def in_turns(calls: int, case: object, cases: Iterable[object], step: int) -> range:
    """Numbers of calls to die before: cases of one kind take turns, so that two neighbours die before each call."""
    return range(list(cases).index(case) % 2, calls, step)


def swept(cases: Mapping[str, tuple[object, ...]], step: int = 1) -> list[ParameterSet]:
    """Cases of one table, each with a step from one call to die before to the next.

    Of the first case a sample dies in every test run; every case dies as ``step`` says where all is proved.
    """
    first = next(iter(cases))
    sample = pytest.param(*cases[first], SAMPLE, id=f"{first}, a sample")
    return [sample, *(pytest.param(*case, step, id=name, marks=pytest.mark.proof) for name, case in cases.items())]


def swept_in_turns(cases: Iterable[str]) -> list[ParameterSet]:
    """The same for cases by name that share the calls between them; see ``in_turns``."""
    return swept({case: (case,) for case in cases}, step=2)


def ledger_state(lab: Lab) -> State:
    """Everything that must not depend on where a run died: no wall times, no run ids, no reasons."""
    queries = {
        "plans": "SELECT plan_id, status FROM trading.trade_plans",
        "intents": "SELECT order_link_id, signal_id, position_id, layer, state, quantity, price, stop_loss,"
        " filled_quantity, average_price"
        " FROM trading.order_intents",
        "positions": "SELECT position_id, status, quantity, entry_quantity, entry_price, stop_price, stop_kind,"
        " initial_stop_price, runner_stop_price, booked_fills, realised_pnl, fees, funding, opened_at, closed_at,"
        " exit_reason,"
        " CASE WHEN status = 'open' THEN managed_through END, CASE WHEN status = 'open' THEN followed_fills END"
        " FROM trading.positions",
        "fills": "SELECT order_link_id, position_id, side, quantity, price, fee, kind FROM trading.fills",
    }
    with lab.database.connect() as connection:
        return {name: sorted(map(tuple, connection.execute(text(query))), key=str) for name, query in queries.items()}


def assert_safe(lab: Lab) -> None:
    """No link id was sent twice, no position is naked, no more would be sold than there is."""
    assert max(Counter(lab.venue.posts).values(), default=0) <= 1, "a link id was sent twice"
    for held in lab.venue.positions():
        assert held.stop_loss is not None, f"{held.instrument_id} is naked"
        resting = [
            one for one in lab.venue.open_orders() if one.reduce_only and one.instrument_id == held.instrument_id
        ]
        assert sum(one.quantity - one.filled_quantity for one in resting) <= held.quantity


def lost_requests(lab: Lab) -> list[str]:
    """Link ids that were marked sent and never left: the one place where a kill costs the order."""
    with lab.database.connect() as connection:
        absent = connection.execute(text("SELECT order_link_id FROM trading.order_intents WHERE state = 'absent'"))
        return [str(link_id) for link_id in absent.scalars()]
