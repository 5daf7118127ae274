"""Stops follow fills, not closes: the numbers of ``docs/lifecycle.md`` on a real ledger and a fake venue."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.plans import ExitRules, Runner, TradePlan, TrailAt, TrailRule
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_leftovers
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline.services.execution.settle_orders import book_fills
from trading_pipeline_tests.testkit.execution_lab import (
    WAVE,
    Lab,
    store_plan,
    store_snapshot,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = Timeframe.M15.duration
PLAN = trade_plan()


@dataclass
class Trade:
    """One open long: 5 at 1000, stop 990, targets 2 at 1010 and 2 at 1020; every fill is booked and followed."""

    lab: Lab
    plan: TradePlan

    def __post_init__(self) -> None:
        store_plan(self.lab.database, self.plan)
        execute_plans(context=self.lab.context(), gate=self.lab.gate, equity=self.lab.equity)

    def context(self) -> ExecutionContext:
        return self.lab.context("run-f")

    def move(self, *prices: float, follow: bool = True) -> None:
        for price in prices:
            self.lab.clock.advance(timedelta(seconds=20))
            self.lab.venue.move("BTCUSDT.BYBIT", Decimal(str(price)))
            if follow:
                follow_fills(context=self.context())

    def close(self, bars_later: float, price: int, finest: Timeframe = Timeframe.M15, **indicators: float) -> str:
        """A bar of the plan's timeframe, or with no indicators one of the finest, closes at the price."""
        wave = WAVE + bars_later * self.plan.timeframe.duration
        self.lab.clock.set(wave)
        self.lab.venue.move("BTCUSDT.BYBIT", Decimal(price))
        timeframe = self.plan.timeframe if indicators else finest
        store_snapshot(self.lab.database, "BTCUSDT.BYBIT", timeframe, wave, Decimal(price), indicators)
        if timeframe is not finest:
            store_snapshot(self.lab.database, "BTCUSDT.BYBIT", finest, wave, Decimal(price), {})
        reader = PostgresIndicatorReader(self.lab.database)
        return manage_positions(context=self.context(), indicators=reader, wave=wave, finest=finest).positions[0].action

    @property
    def position(self) -> Position:
        found = self.lab.ledger.position_of(self.plan.plan_id)
        assert found is not None
        return found

    @property
    def stop(self) -> tuple[Decimal | None, StopKind | None]:
        """The stop that is live at the venue, and what the ledger says put it there."""
        held = self.lab.venue.positions()
        return (held[0].stop_loss if held else None), self.position.stop_kind


@pytest.fixture
def trade(database: Engine) -> Trade:
    return Trade(Lab(database), PLAN)


def test_the_run_that_enters_has_followed_the_entry(trade: Trade) -> None:
    assert (trade.position.booked_fills, trade.position.followed_fills) == (1, 1)
    assert trade.lab.ledger.unfollowed_positions() == []


def test_the_first_target_pulls_the_stop_at_once(trade: Trade) -> None:
    trade.move(1010)
    assert trade.stop == (Decimal(1000), StopKind.BREAK_EVEN)
    assert (trade.position.booked_fills, trade.position.followed_fills) == (2, 2)


@pytest.mark.parametrize(
    ("exits", "path", "reason", "gross"),
    [
        # 2 x 10 at the first target, 3 at the entry instead of 3 x -10 at the stop
        (ExitRules(), [1010, 1000], ExitReason.BREAK_EVEN, 20),
        # 2 x 10, then 3 at the initial stop, because the entry has not come into force yet
        (ExitRules(break_even_after_targets=2), [1010, 990], ExitReason.STOP_LOSS, -10),
        # 2 x 10 + 2 x 20 + 1 x 0
        (ExitRules(break_even_after_targets=2), [1010, 1020, 1000], ExitReason.BREAK_EVEN, 60),
        # 2 x 10 + 2 x 20 - 1 x 10
        (ExitRules(break_even_after_targets=0), [1010, 1020, 990], ExitReason.STOP_LOSS, 50),
    ],
)
def test_inside_a_bar_the_earned_stop_counts(
    database: Engine, exits: ExitRules, path: list[float], reason: ExitReason, gross: int
) -> None:
    trade = Trade(Lab(database), replace(PLAN, exit_rules=exits))
    trade.move(*path)
    closed = trade.position
    assert (closed.status, closed.exit_reason, closed.realised_pnl) == (PositionStatus.CLOSED, reason, Decimal(gross))
    assert closed.followed_fills == closed.booked_fills == len(path) + 1


def test_a_fill_nobody_followed_leaves_the_stop_where_it_was(trade: Trade) -> None:
    trade.move(1010, 990, follow=False)
    follow_fills(context=trade.context())
    assert (trade.position.exit_reason, trade.position.realised_pnl) == (ExitReason.STOP_LOSS, Decimal(-10))


def test_the_last_target_pulls_the_stop_to_the_remembered_runners_stop(trade: Trade) -> None:
    assert trade.close(1, 1008, atr_14=2.0) == "stop stays at 990.0"  # remembers 1008 - 3 x 2
    assert trade.position.runner_stop_price == Decimal(1002)
    trade.move(1010)
    assert trade.stop == (Decimal(1000), StopKind.BREAK_EVEN)
    trade.move(1020)
    assert trade.stop == (Decimal(1002), StopKind.TRAILING_STOP)
    trade.move(1002)
    assert trade.position.exit_reason is ExitReason.TRAILING_STOP
    assert trade.position.realised_pnl == Decimal(62)  # 2 x 10 + 2 x 20 + 1 x 2


def test_a_fill_never_computes_a_new_runners_stop(trade: Trade) -> None:
    trade.close(1, 1008, atr_14=2.0)
    store_snapshot(trade.lab.database, "BTCUSDT.BYBIT", Timeframe.M15, WAVE + 2 * BAR, Decimal(1019), {"atr_14": 1.0})
    trade.move(1010, 1020)
    assert trade.stop == (Decimal(1002), StopKind.TRAILING_STOP)


def test_the_runners_stop_only_tightens_while_it_waits(trade: Trade) -> None:
    remembered = []
    for bars_later, (price, atr) in enumerate(((1008, 2.0), (1006, 2.0), (1009, 2.0), (1009, 9.0)), start=1):
        trade.close(bars_later, price, atr_14=atr)
        remembered.append(trade.position.runner_stop_price)
    assert remembered == [Decimal(1002), Decimal(1002), Decimal(1003), Decimal(1003)]


def test_waves_that_were_missed_are_made_up_for(trade: Trade) -> None:
    store_snapshot(trade.lab.database, "BTCUSDT.BYBIT", Timeframe.M15, WAVE + BAR, Decimal(1009), {"atr_14": 2.0})
    trade.close(2, 1001, atr_14=2.0)
    assert trade.position.runner_stop_price == Decimal(1003)


def test_a_pivot_trail_reads_the_stops_side(database: Engine) -> None:
    plan = replace(PLAN, runner=Runner(Decimal("0.2"), Decimal(3), 14, TrailRule.PIVOT))
    trade = Trade(Lab(database), plan)
    trade.close(1, 1008, pivot_low=1003.0, pivot_high=1012.0)
    trade.move(1010, 1020)
    assert trade.stop == (Decimal(1003), StopKind.TRAILING_STOP)


def test_a_runner_that_does_not_trail_stays_at_break_even(database: Engine) -> None:
    trade = Trade(Lab(database), replace(PLAN, runner=Runner(Decimal("0.2"), Decimal(3), 14, TrailRule.NONE)))
    trade.close(1, 1008, atr_14=1.0)
    trade.move(1010, 1020)
    assert trade.stop == (Decimal(1000), StopKind.BREAK_EVEN)
    assert trade.lab.postbox.messages == []


def test_a_finest_trail_moves_between_its_own_closes(database: Engine) -> None:
    """A 4h position: the ATR of its newest closed bar, 2, under the close of every 15m bar."""
    runner = Runner(Decimal("0.2"), Decimal(3), 14, trail_at=TrailAt.FINEST)
    trade = Trade(Lab(database), replace(PLAN, timeframe=Timeframe.H4, runner=runner))
    store_snapshot(trade.lab.database, "BTCUSDT.BYBIT", Timeframe.H4, WAVE, Decimal(1000), {"atr_14": 2.0})
    quarter = Timeframe.M15.duration / Timeframe.H4.duration
    trade.close(quarter, 1008)
    assert trade.position.runner_stop_price == Decimal(1002)
    trade.move(1010, 1020)
    assert trade.stop == (Decimal(1002), StopKind.TRAILING_STOP)
    assert trade.close(2 * quarter, 1015) == "stop moved from 1002.0 to 1009.0"


def test_a_4h_position_does_not_trail_at_the_closes_between(database: Engine) -> None:
    trade = Trade(Lab(database), replace(PLAN, timeframe=Timeframe.H4))
    store_snapshot(trade.lab.database, "BTCUSDT.BYBIT", Timeframe.H4, WAVE, Decimal(1000), {"atr_14": 2.0})
    assert trade.close(1 / 16, 1008) == "no bar of its timeframe closed"
    assert trade.position.managed_through == WAVE + BAR


def test_a_price_back_past_entry_leaves_at_market(trade: Trade) -> None:
    trade.move(1010, 998, follow=False)
    follow_fills(context=trade.context())
    closed = trade.position
    assert (closed.exit_reason, closed.realised_pnl) == (ExitReason.BREAK_EVEN, Decimal(14))  # 2 x 10 - 3 x 2
    assert closed.followed_fills == closed.booked_fills == 3


def test_following_twice_changes_nothing(trade: Trade) -> None:
    trade.move(1010)
    before = trade.position
    assert follow_fills(context=trade.context()).positions == {}
    assert trade.position == before


def test_a_closed_position_is_followed_too_and_its_leftovers_go(trade: Trade) -> None:
    trade.move(990)
    assert trade.lab.ledger.unfollowed_positions() == []
    states = [record.state for record in trade.lab.ledger.intents_of(PLAN.plan_id)[1:]]
    assert states == [IntentState.CANCELLED, IntentState.CANCELLED]


def test_a_stubborn_leftover_keeps_no_other_waiting(trade: Trade) -> None:
    trade.move(990, follow=False)
    book_fills(trade.context(), WAVE)
    trade.lab.venue.faults["cancel"] = [TemporaryVenueError("down")]
    result = cancel_leftovers(context=trade.context())
    assert result.problems == (f"{PLAN.plan_id}_TP1: down",)
    assert result.cancelled == (f"{PLAN.plan_id}_TP2",)


def test_a_fill_whose_event_was_lost_is_followed_by_the_reconciliation(trade: Trade) -> None:
    trade.move(1010, follow=False)
    assert reconcile_account(context=trade.context()).differences == ()
    assert trade.stop == (Decimal(1000), StopKind.BREAK_EVEN)


def test_a_cancelled_target_counts_as_never_planned(trade: Trade) -> None:
    trade.close(1, 1008, atr_14=2.0)
    trade.lab.venue.end(f"{PLAN.plan_id}_TP2")
    trade.move(1010)
    assert trade.stop == (Decimal(1002), StopKind.TRAILING_STOP)


def test_an_unconfirmed_stop_leaves_its_fill_unfollowed(database: Engine) -> None:
    lab = Lab(database)
    for plan in (PLAN, trade_plan("SOLUSDT.BYBIT", Bias.SHORT)):
        store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    lab.venue.move("SOLUSDT.BYBIT", Decimal(990))
    lab.venue.faults["set_stop_loss"] = [TemporaryVenueError("down")]
    follow_fills(context=lab.context("run-f"))
    assert [position.instrument_id for position in lab.ledger.unfollowed_positions()] == ["BTCUSDT.BYBIT"]
    assert lab.postbox.subjects(Severity.CRITICAL) == ["cannot follow BTCUSDT.BYBIT"]
    follow_fills(context=lab.context("run-g"))
    assert {held.stop_loss for held in lab.venue.positions()} == {Decimal(1000)}
    assert lab.ledger.unfollowed_positions() == []


def test_a_delisted_symbol_keeps_no_other_waiting(trade: Trade) -> None:
    # SOLUSDT sorts after BTCUSDT, which is the one that is gone.
    other = Trade(trade.lab, trade_plan(instrument_id="SOLUSDT.BYBIT"))
    trade.move(1010, follow=False)
    trade.lab.venue.move("SOLUSDT.BYBIT", Decimal(1010))
    context = trade.context()
    listed = {
        instrument_id: one for instrument_id, one in context.instruments.items() if instrument_id != "BTCUSDT.BYBIT"
    }
    follow_fills(context=replace(context, instruments=listed))
    assert (trade.position.followed_fills, other.position.followed_fills) == (1, 2)
    assert trade.lab.postbox.subjects(Severity.CRITICAL) == ["cannot follow BTCUSDT.BYBIT"]


def test_a_wave_manages_around_a_delisted_symbol(trade: Trade) -> None:
    other = Trade(trade.lab, trade_plan(instrument_id="SOLUSDT.BYBIT"))
    wave = WAVE + BAR
    trade.lab.clock.set(wave)
    context = trade.context()
    listed = {
        instrument_id: one for instrument_id, one in context.instruments.items() if instrument_id != "BTCUSDT.BYBIT"
    }
    reader = PostgresIndicatorReader(trade.lab.database)
    result = manage_positions(
        context=replace(context, instruments=listed), indicators=reader, wave=wave, finest=Timeframe.M15
    )
    assert {one.instrument_id: one.done for one in result.positions} == {"BTCUSDT.BYBIT": False, "SOLUSDT.BYBIT": True}
    assert other.position.managed_through == wave
