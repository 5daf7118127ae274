"""Several processes at the same account at the same moment."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.positions import PositionStatus, StopKind
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.submit_order import submit_order
from trading_pipeline_tests.testkit.execution_jobs import execute, follow, manage
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan

PLANS = [trade_plan(close_time=WAVE - number * timedelta(seconds=1)) for number in range(6)]


def together(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs at once; the first error of any of them is raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


@pytest.fixture
def lab(database_url: str) -> Lab:
    """An account reached over enough connections for everybody at once."""
    lab = Lab(connect(database_url))
    record_equity(trading=lab.venue, equity=lab.equity)
    return lab


def test_of_many_gates_at_once_one_admits(lab: Lab) -> None:
    for plan in PLANS:
        store_plan(lab.database, plan)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    jobs = [lambda plan=plan: gate_plans(context=lab.context(), gate=lab.gate, plans=[plan]) for plan in claim.plans]
    results = together(*jobs)
    assert sorted(len(result.admitted) for result in results) == [0, 0, 0, 0, 0, 1]


def test_two_runs_never_claim_the_same_plan(lab: Lab) -> None:
    for plan in PLANS:
        store_plan(lab.database, plan)
    claims = together(
        *(lambda run=run: claim_plans(plans=lab.ledger, clock=lab.clock, run_id=run) for run in ("a", "b", "c"))
    )
    owners = Counter(plan.plan_id for claim in claims for plan in claim.plans)
    assert owners == Counter(plan.plan_id for plan in PLANS)


def test_the_same_run_started_twice_sends_each_order_once(lab: Lab) -> None:
    store_plan(lab.database, PLANS[0])
    together(*(lambda: execute(lab, "run-1") for _ in range(3)))
    assert Counter(lab.venue.posts) == Counter(lab.venue.accepted)
    assert set(Counter(lab.venue.posts).values()) == {1}


def test_an_intent_is_sent_by_one_of_many(lab: Lab) -> None:
    plan = PLANS[0]
    store_plan(lab.database, plan)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    together(
        *(lambda: submit_order(context=lab.retrying_context(), order_link_id=f"{plan.plan_id}_E") for _ in range(4))
    )
    assert lab.venue.posts == [f"{plan.plan_id}_E"]


def test_stream_and_lookups_may_tell_of_the_same_things_at_once(lab: Lab) -> None:
    plan = PLANS[0]
    store_plan(lab.database, plan)
    execute(lab)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(990))

    def hear() -> None:
        for link_id in lab.venue.accepted:
            report = lab.venue.order("BTCUSDT.BYBIT", link_id)
            assert report is not None
            lab.ledger.apply_report(report)
        for fill in lab.venue.fills(WAVE - timedelta(hours=1)):
            lab.ledger.apply_fill(fill)

    together(*[hear] * 4)
    position = lab.ledger.position_of(plan.plan_id)
    assert position is not None
    assert (position.status, position.realised_pnl) == (PositionStatus.CLOSED, Decimal(-10))
    assert lab.ledger.intent(f"{plan.plan_id}_TP1").state is IntentState.FILLED


def test_a_wave_and_a_fill_at_once_never_loosen_the_stop(lab: Lab) -> None:
    plan = PLANS[0]
    store_plan(lab.database, plan)
    execute(lab)
    wave = WAVE + timedelta(minutes=15)
    lab.clock.set(wave)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1020))
    store_bar(lab.database, "BTCUSDT.BYBIT", wave, Decimal(1020), 4.0)
    together(
        *[lambda: follow(lab, "run-f")] * 3,
        lambda: manage(lab, wave, "run-m"),
    )
    assert [held.stop_loss for held in lab.venue.positions()] == [Decimal(1008)]  # 1020 - 3 x 4
    position = lab.ledger.position_of(plan.plan_id)
    assert position is not None
    assert (position.stop_price, position.stop_kind) == (Decimal(1008), StopKind.TRAILING_STOP)


def test_a_late_fill_waits_for_reconciliation(database: Engine) -> None:
    lab = Lab(database)
    record_equity(trading=lab.venue, equity=lab.equity)
    first, second = PLANS[1], PLANS[0]
    for plan in (first, second):
        store_plan(database, plan)
        claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
        gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans[-1:])
        if plan is first:
            lab.ledger.advance(f"{plan.plan_id}_E", IntentState.SENT)
            lab.ledger.advance(f"{plan.plan_id}_E", IntentState.ABSENT)
    lab.venue.submit(lab.ledger.intent(f"{first.plan_id}_E").intent)
    lab.ledger.apply_fill(lab.venue.fills(first.close_time)[0])
    ghost, live = lab.ledger.position_of(first.plan_id), lab.ledger.position_of(second.plan_id)
    assert ghost is not None
    assert live is not None
    assert (ghost.status, ghost.quantity) == (PositionStatus.FAILED, Decimal(5))
    assert (live.status, live.quantity) == (PositionStatus.OPENING, Decimal(0))
