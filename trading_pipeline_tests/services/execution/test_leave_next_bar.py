"""The live next-bar exit: once, at the first close after the entry, with reduce-only orders."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, Purpose
from trading_pipeline.domain.model.plans import NextBarRule, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.manage_positions import ManageResult, manage_positions
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = timedelta(minutes=15)
PLAN = replace(trade_plan(), next_bar_rule=NextBarRule(Decimal("-11.648148")))


def opened(database: Engine, plan: TradePlan) -> Lab:
    """An account with one open long: 5 at 1000, stop 990, targets 2 at 1010 and 2 at 1020."""
    lab = Lab(database)
    store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.fixture
def lab(database: Engine) -> Lab:
    return opened(database, PLAN)


def manage(lab: Lab, wave: datetime, close: int, momentum: float | None, run_id: str = "run-m") -> ManageResult:
    """Let the bar of ``wave`` close at ``close`` with this histogram and look after positions."""
    store_bar(lab.database, "BTCUSDT.BYBIT", wave, Decimal(close), 4.0, momentum)
    return again(lab, wave, close, run_id)


def again(lab: Lab, wave: datetime, close: int, run_id: str = "run-m") -> ManageResult:
    lab.clock.set(wave)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(close))
    indicators = PostgresIndicatorReader(lab.database)
    return manage_positions(context=lab.context(run_id), indicators=indicators, wave=wave, finest=Timeframe.M15)


def position(lab: Lab) -> Position:
    found = lab.ledger.position_of(PLAN.plan_id)
    assert found is not None
    return found


def exits(lab: Lab) -> list[IntentRecord]:
    return [one for one in lab.ledger.intents_of(PLAN.plan_id) if one.intent.purpose is Purpose.NEXT_BAR_EXIT]


def test_momentum_that_followed_keeps_the_position_for_good(lab: Lab) -> None:
    manage(lab, WAVE + BAR, 1005, -4.805806)
    manage(lab, WAVE + 2 * BAR, 1005, -12.0)
    assert (position(lab).status, exits(lab)) == (PositionStatus.OPEN, [])


def test_momentum_that_did_not_follow_closes_at_that_bars_close(lab: Lab) -> None:
    manage(lab, WAVE + BAR, 1005, -12.0)
    closed = position(lab)
    assert (closed.status, closed.exit_reason) == (PositionStatus.CLOSED, ExitReason.NEXT_BAR_EXIT)
    assert (closed.realised_pnl, closed.closed_at) == (Decimal(25), WAVE + BAR)
    [made] = exits(lab)
    assert (made.intent.reduce_only, made.intent.order_link_id) == (True, f"{PLAN.plan_id}_NX")
    assert lab.venue.positions() == []


def test_the_targets_it_leaves_behind_are_cancelled(lab: Lab) -> None:
    manage(lab, WAVE + BAR, 1005, -12.0)
    targets = [one for one in lab.ledger.intents_of(PLAN.plan_id) if one.intent.purpose.startswith("TP")]
    assert {one.state for one in targets} == {IntentState.CANCELLED}


def test_the_close_of_the_entry_bar_itself_judges_nothing(lab: Lab) -> None:
    manage(lab, WAVE, 1000, -12.0)
    assert position(lab).status is PositionStatus.OPEN


def test_a_stopped_position_is_not_left_again(lab: Lab) -> None:
    lab.clock.advance(timedelta(seconds=60))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(990))
    manage(lab, WAVE + BAR, 995, -12.0)
    assert (position(lab).exit_reason, exits(lab)) == (ExitReason.STOP_LOSS, [])


def test_what_a_target_left_over_is_closed(lab: Lab) -> None:
    lab.clock.advance(timedelta(seconds=60))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    manage(lab, WAVE + BAR, 1005, -12.0)
    assert (position(lab).exit_reason, position(lab).realised_pnl) == (ExitReason.NEXT_BAR_EXIT, Decimal(35))


def test_a_first_bar_that_was_missed_is_made_up_for(lab: Lab) -> None:
    store_bar(lab.database, "BTCUSDT.BYBIT", WAVE + BAR, Decimal(1005), 4.0, -12.0)
    manage(lab, WAVE + 2 * BAR, 1004, 20.0)
    assert (position(lab).exit_reason, position(lab).realised_pnl) == (ExitReason.NEXT_BAR_EXIT, Decimal(20))


@pytest.mark.parametrize("unknown", ["at the entry", "now"])
def test_an_unknown_momentum_keeps_the_position_and_somebody_is_told(database: Engine, unknown: str) -> None:
    lab = opened(database, replace(PLAN, next_bar_rule=NextBarRule(None)) if unknown == "at the entry" else PLAN)
    manage(lab, WAVE + BAR, 1005, None if unknown == "now" else -12.0)
    manage(lab, WAVE + 2 * BAR, 1005, -12.0)
    assert position(lab).status is PositionStatus.OPEN
    assert lab.postbox.subjects(Severity.WARNING) == ["no momentum: BTCUSDT.BYBIT"]


def test_a_plan_without_the_rule_is_left_alone(database: Engine) -> None:
    lab = opened(database, replace(PLAN, next_bar_rule=None))
    manage(lab, WAVE + BAR, 1005, -12.0)
    assert position(lab).status is PositionStatus.OPEN


def test_a_broken_off_close_keeps_its_order(lab: Lab) -> None:
    lab.venue.faults["positions"] = [None, None, *[TemporaryVenueError("down")] * 3]
    assert not manage(lab, WAVE + BAR, 1005, -12.0).positions[0].done
    again(lab, WAVE + BAR, 1005, "run-n")
    assert position(lab).exit_reason is ExitReason.NEXT_BAR_EXIT
    assert [one.state for one in exits(lab)] == [IntentState.FILLED]
