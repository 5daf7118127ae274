"""What the feed asks of REST after it was away."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.runtime.feed.resync import missed_fills, missed_reports
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLANS = (trade_plan("BTCUSDT.BYBIT"), trade_plan("SOLUSDT.BYBIT"))


@pytest.fixture
def lab(database: Engine) -> Lab:
    """Two open longs, of which the nearest targets were cancelled while nobody listened."""
    lab = Lab(database)
    for plan in PLANS:
        store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    for plan in PLANS:
        lab.venue.end(f"{plan.plan_id}_TP1")
    return lab


def test_an_order_of_an_instrument_that_is_gone_hides_no_other(lab: Lab) -> None:
    lab.venue.faults["order"] = [ConfigurationError("10001: symbol invalid BTCUSDT")]
    reports = {report.order_link_id: report.state for report in missed_reports(lab.venue, lab.ledger)}
    assert reports == {
        f"{PLANS[0].plan_id}_TP2": IntentState.ACKNOWLEDGED,
        f"{PLANS[1].plan_id}_TP1": IntentState.CANCELLED,
        f"{PLANS[1].plan_id}_TP2": IntentState.ACKNOWLEDGED,
    }


def test_fills_are_asked_for_from_before_the_newest_that_is_booked(lab: Lab) -> None:
    lab.clock.advance(timedelta(days=1))
    lab.venue.move("SOLUSDT.BYBIT", Decimal(990))
    assert [fill.instrument_id for fill in missed_fills(lab.venue, lab.ledger)] == [
        "BTCUSDT.BYBIT",
        "SOLUSDT.BYBIT",
        "SOLUSDT.BYBIT",
    ]
