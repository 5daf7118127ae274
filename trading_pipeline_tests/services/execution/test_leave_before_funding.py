"""The live funding exit: at a wave, by its close, while the gain is small."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.plans import ExitRules, FundingExitRule
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = timedelta(minutes=15)
RULES = ExitRules(funding_exit=FundingExitRule(minutes=15, below_r=Decimal("0.3")))
PLAN = replace(trade_plan(), exit_rules=RULES)
BTC = PLAN.instrument_id


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open long: 5 at 1000, stop 990; funding half an hour after its entry."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.market.funding[BTC] = WAVE + 2 * BAR
    return lab


def manage(lab: Lab, close: str, bars: int = 1) -> tuple[PositionStatus, ExitReason | None]:
    """Let the bar close so many bars after the entry; how the position stands then."""
    wave = WAVE + bars * BAR
    store_bar(lab.database, BTC, wave, Decimal(close), 4.0)
    return again(lab, close, bars)


def again(lab: Lab, close: str, bars: int = 1) -> tuple[PositionStatus, ExitReason | None]:
    lab.clock.set(WAVE + bars * BAR)
    lab.venue.move(BTC, Decimal(close))
    reader = PostgresIndicatorReader(lab.database)
    manage_positions(context=lab.context("run-m"), indicators=reader, wave=lab.clock.now(), finest=Timeframe.M15)
    position = lab.ledger.position_of(PLAN.plan_id)
    assert position is not None
    return position.status, position.exit_reason


LEFT = (PositionStatus.CLOSED, ExitReason.FUNDING_EXIT)
KEPT = (PositionStatus.OPEN, None)


# R is 10
@pytest.mark.parametrize(("close", "outcome"), [("1002.9", LEFT), ("1003", KEPT), ("995", LEFT)])
def test_only_small_gains_are_taken_before_funding(
    lab: Lab, close: str, outcome: tuple[PositionStatus, ExitReason | None]
) -> None:
    assert manage(lab, close) == outcome


def test_a_settlement_that_is_farther_away_keeps_the_position(lab: Lab) -> None:
    lab.market.funding[BTC] = WAVE + 2 * BAR + timedelta(seconds=1)
    assert manage(lab, "1001") == KEPT


def test_unknown_funding_time_keeps_the_position(lab: Lab) -> None:
    funding = lab.market.funding[BTC]
    lab.market.funding[BTC] = TemporaryVenueError("no answer")
    assert manage(lab, "1001") == KEPT
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"cannot manage {BTC}"]
    lab.market.funding[BTC] = funding
    assert again(lab, "1001") == LEFT


def test_without_the_stored_close_the_position_stays(lab: Lab) -> None:
    assert again(lab, "1001") == KEPT
    assert f"no close: {BTC}" in lab.postbox.subjects(Severity.WARNING)


def test_a_plan_without_the_rule_is_not_even_asked_about(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.market.funding[BTC] = TemporaryVenueError("no answer")
    assert manage(lab, "1001") == KEPT
