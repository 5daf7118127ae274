"""Who may work on which plan."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.ledger import Claim
from trading_pipeline.services.claim_plans import claim_plans
from trading_pipeline.services.execute_plans import execute_plans
from trading_pipeline_tests.testkit.trading_desk import WAVE, Lab, store_plan, trade_plan

PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one new plan."""
    lab = Lab(database)
    store_plan(database, PLAN)
    return lab


def claim(lab: Lab, run_id: str) -> Claim:
    return claim_plans(plans=lab.ledger, clock=lab.clock, run_id=run_id)


def test_the_same_run_gets_the_same_plans_again(lab: Lab) -> None:
    assert claim(lab, "run-1") == claim(lab, "run-1") == Claim((PLAN,), ())


def test_another_run_waits_for_the_lease(lab: Lab) -> None:
    claim(lab, "run-1")
    assert claim(lab, "run-2").plans == ()
    lab.end_leases()
    assert claim(lab, "run-2").plans == (PLAN,)


def test_a_plan_with_an_order_is_followed_to_its_end_even_after_its_time(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute_plans(desk=lab.desk(), gate=lab.gate, equity=lab.equity)
    lab.end_leases()
    lab.clock.set(WAVE + timedelta(hours=1))
    assert claim(lab, "run-2") == Claim((PLAN,), ())


def test_a_claimed_plan_without_an_order_expires(lab: Lab) -> None:
    claim(lab, "run-1")
    lab.clock.set(PLAN.valid_until + timedelta(seconds=1))
    assert claim(lab, "run-1") == Claim((), (PLAN.plan_id,))
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXPIRED


def test_longer_timeframes_come_first_within_an_instant(lab: Lab) -> None:
    hourly = replace(trade_plan("SOLUSDT"), timeframe=Timeframe.H1)
    earlier = trade_plan("SOLUSDT", close_time=WAVE - timedelta(minutes=15))
    earlier = replace(earlier, valid_until=PLAN.valid_until)
    store_plan(lab.database, hourly)
    store_plan(lab.database, earlier)
    assert claim(lab, "run-1").plans == (earlier, hourly, PLAN)
