"""The life of an open position, bar by bar."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, Side
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.position_sums import net_pnl, r_multiple
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.manage_positions import ManageResult, manage_positions
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
BAR = timedelta(minutes=15)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open long: 5 at 1000, stop 990, targets 2 at 1010 and 2 at 1020."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def manage(lab: Lab, wave: datetime, close: int | None = None, atr: float = 4.0) -> ManageResult:
    """Let the bar of ``wave`` close at ``close`` and look after positions."""
    lab.clock.set(wave)
    if close is not None:
        store_bar(lab.database, "BTCUSDT.BYBIT", wave, Decimal(close), atr)
    indicators = PostgresIndicatorReader(lab.database)
    return manage_positions(context=lab.context("run-m"), indicators=indicators, wave=wave, finest=Timeframe.M15)


def position(lab: Lab) -> Position:
    found = lab.ledger.position_of(PLAN.plan_id)
    assert found is not None
    return found


def move(lab: Lab, *prices: int) -> None:
    for price in prices:
        lab.clock.advance(timedelta(seconds=60))
        lab.venue.move("BTCUSDT.BYBIT", Decimal(price))


def test_the_bar_of_the_entry_changes_nothing(lab: Lab) -> None:
    assert manage(lab, WAVE, 1000).positions[0].action == "no bar of its timeframe closed"


def test_before_the_first_target_the_stop_stays(lab: Lab) -> None:
    move(lab, 1005)
    manage(lab, WAVE + BAR, 1005)
    assert lab.venue.positions()[0].stop_loss == Decimal(990)


def test_after_the_first_target_the_stop_is_at_the_entry(lab: Lab) -> None:
    move(lab, 1010)
    manage(lab, WAVE + BAR, 1010)
    assert lab.venue.positions()[0].stop_loss == Decimal(1000)
    assert position(lab).stop_price == Decimal(1000)
    assert position(lab).managed_through == WAVE + BAR


def test_after_the_last_target_the_stop_trails_and_never_loosens(lab: Lab) -> None:
    move(lab, 1020)
    stops = []
    for number, close in enumerate((1020, 1030, 1025, 1040), start=1):
        lab.venue.move("BTCUSDT.BYBIT", Decimal(close))
        manage(lab, WAVE + number * BAR, close)
        stops.append(lab.venue.positions()[0].stop_loss)
    assert stops == [Decimal(1008), Decimal(1018), Decimal(1018), Decimal(1028)]


def test_a_trail_looser_than_break_even_is_not_used(lab: Lab) -> None:
    move(lab, 1020)
    manage(lab, WAVE + BAR, 1020, atr=30.0)
    assert lab.venue.positions()[0].stop_loss == Decimal(1000)


def test_a_growing_entry_is_no_runner_yet(database: Engine) -> None:
    lab = Lab(database)
    lab.venue.holds_fills = True
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.venue.fill(f"{PLAN.plan_id}_E", Decimal(2), Decimal(1000))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    manage(lab, WAVE + BAR, 1010)
    assert (position(lab).runner_stop_price, position(lab).stop_price) == (Decimal(998), Decimal(990))
    lab.venue.end(f"{PLAN.plan_id}_E")
    manage(lab, WAVE + 2 * BAR, 1010)
    assert position(lab).stop_price == Decimal(990)


def test_without_an_atr_the_stop_waits_and_somebody_is_told(lab: Lab) -> None:
    move(lab, 1020)
    manage(lab, WAVE + BAR)
    assert lab.venue.positions()[0].stop_loss == Decimal(1000)
    assert lab.postbox.subjects(Severity.WARNING) == ["exit unknown: BTCUSDT.BYBIT", "no atr_14: BTCUSDT.BYBIT"]


def test_managing_a_wave_twice_changes_nothing(lab: Lab) -> None:
    move(lab, 1010)
    manage(lab, WAVE + BAR, 1010)
    before = position(lab)
    manage(lab, WAVE + BAR)
    assert position(lab) == before


def test_a_wave_that_was_missed_is_made_up_for(lab: Lab) -> None:
    move(lab, 1010)
    manage(lab, WAVE + 3 * BAR, 1010)
    assert lab.venue.positions()[0].stop_loss == Decimal(1000)


def test_a_stop_the_price_has_passed_becomes_an_exit(lab: Lab) -> None:
    move(lab, 1010, 995)
    manage(lab, WAVE + BAR, 995)
    assert lab.venue.positions() == []
    assert position(lab).exit_reason is ExitReason.BREAK_EVEN


@pytest.mark.parametrize(
    ("path", "reason", "gross"),
    [
        ([990], ExitReason.STOP_LOSS, -50),
        ([1010, 990], ExitReason.STOP_LOSS, -10),
        ([1010, None, 1000], ExitReason.BREAK_EVEN, 20),
        ([1020, None, 1008], ExitReason.TRAILING_STOP, 68),
        ([1020, 1009, None, 1000], ExitReason.BREAK_EVEN, 60),
    ],
)
def test_a_closed_position_tells_how_it_ended(lab: Lab, path: list[int | None], reason: ExitReason, gross: int) -> None:
    wave = WAVE + BAR
    for price in path:
        if price is None:
            manage(lab, wave, int(lab.venue.prices["BTCUSDT.BYBIT"]))
            wave += BAR
        else:
            move(lab, price)
    manage(lab, wave)
    closed = position(lab)
    assert (closed.status, closed.exit_reason, closed.realised_pnl) == (PositionStatus.CLOSED, reason, Decimal(gross))
    assert net_pnl(closed) == gross - closed.fees - closed.funding
    assert r_multiple(closed) == net_pnl(closed) / 50


def test_what_a_closed_position_left_behind_is_cancelled(lab: Lab) -> None:
    move(lab, 990)
    result = manage(lab, WAVE + BAR)
    assert len(result.leftovers.cancelled) + len(result.settled.settled) >= 2
    assert {record.state for record in lab.ledger.intents_of(PLAN.plan_id)[1:]} == {IntentState.CANCELLED}


def test_a_close_by_hand_is_external(lab: Lab) -> None:
    lab.venue.trade("BTCUSDT.BYBIT", Side.SELL, Decimal(5), Decimal(1003), FillKind.TRADE)
    manage(lab, WAVE + BAR, 1003)
    assert (position(lab).status, position(lab).exit_reason) == (PositionStatus.CLOSED, ExitReason.EXTERNAL)


def test_one_positions_trouble_does_not_keep_the_others_waiting(lab: Lab) -> None:
    other = trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
    store_plan(lab.database, other)
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    for instrument_id, price in (("BTCUSDT.BYBIT", 1010), ("SOLUSDT.BYBIT", 990)):
        lab.venue.move(instrument_id, Decimal(price))
        store_bar(lab.database, instrument_id, WAVE + BAR, Decimal(price), 4.0)
    lab.venue.faults["set_stop_loss"] = [TemporaryVenueError("down")]
    result = manage(lab, WAVE + BAR)
    assert [one.done for one in result.positions] == [False, True]
    assert position(lab).managed_through == WAVE
    assert manage(lab, WAVE + BAR).positions[0].done
    assert {held.stop_loss for held in lab.venue.positions()} == {Decimal(1000)}


def test_only_positions_that_moved_are_told_of(lab: Lab) -> None:
    assert manage(lab, WAVE, 1000).changed == ()
    move(lab, 1010)
    assert manage(lab, WAVE + 2 * BAR, 1010).changed == (position(lab).position_id,)
    assert manage(lab, WAVE + 2 * BAR).changed == ()
