"""A refusal that says nothing about the price, and an answer that says nothing at all, end no position."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.venues.bybit.errors import read_error, write_error
from trading_pipeline.domain.model.errors import StopPassed, TemporaryVenueError, TradingError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import IntentState, OrderReport, Purpose, Side
from trading_pipeline.domain.model.plans import NextBarRule, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, VenuePosition
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.manage_positions import ManageResult, manage_positions
from trading_pipeline.services.execution.protect_position import protect_position
from trading_pipeline.services.execution.prove_stop import Protection
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_venue import FakeVenue

BAR = timedelta(minutes=15)
PLAN = trade_plan()
BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"
NOTHING_ABOUT_THE_PRICE = [10000, 10002, 10003, 10004, 10005, 10006, 10010, 10016, 502, 110007, 199999]


def opened(database: Engine, *plans: TradePlan) -> Lab:
    """An account with longs of 5 at 1000, each with its stop at 990 and targets at 1010 and 1020."""
    lab = Lab(database)
    for plan in plans:
        store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.clock.advance(timedelta(seconds=60))
    return lab


def manage(lab: Lab, number: int, close: int, momentum: float | None = None) -> ManageResult:
    """Let the ``number``-th bar after the entry close."""
    wave = WAVE + number * BAR
    lab.clock.set(wave)
    store_bar(lab.database, BTC, wave, Decimal(close), 4.0, momentum)
    indicators = PostgresIndicatorReader(lab.database)
    context = lab.context(f"run-{number}")
    return manage_positions(context=context, indicators=indicators, wave=wave, finest=Timeframe.M15)


def position(lab: Lab, plan: TradePlan = PLAN) -> Position:
    found = lab.ledger.position_of(plan.plan_id)
    assert found is not None
    return found


@pytest.mark.parametrize("code", NOTHING_ABOUT_THE_PRICE)
def test_a_refused_move_keeps_the_old_stop(database: Engine, code: int) -> None:
    lab = opened(database, PLAN)
    lab.venue.move(BTC, Decimal(1010))
    lab.venue.faults["set_stop_loss"] = [_written(code)]
    (managed,) = manage(lab, 1, 1010).positions
    assert not managed.done
    assert {one.stop_loss for one in lab.venue.positions()} == {Decimal(990)}
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"cannot manage {BTC}"]
    assert [one.done for one in manage(lab, 2, 1010).positions] == [True]
    assert {one.stop_loss for one in lab.venue.positions()} == {Decimal(1000)}


@pytest.mark.parametrize("code", NOTHING_ABOUT_THE_PRICE[:-2])
def test_a_refused_missing_stop_is_set_again(database: Engine, code: int) -> None:
    lab = opened(database, PLAN)
    lab.venue.strip_stop(BTC)
    lab.venue.faults["set_stop_loss"] = [_written(code)] * 3
    result = reconcile_account(context=lab.context("run-2"))
    assert (result.protected, position(lab).status) == ((), PositionStatus.OPEN)
    assert f"no stop: {BTC}" in lab.postbox.subjects(Severity.CRITICAL)
    lab.venue.faults.clear()
    reconcile_account(context=lab.context("run-3"))
    assert {one.stop_loss for one in lab.venue.positions()} == {Decimal(990)}


def test_one_refusal_on_the_way_is_not_even_an_alarm(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue.strip_stop(BTC)
    lab.venue.faults["set_stop_loss"] = [_written(10006)] * 2
    assert protect_position(context=lab.context("run-2"), plan=PLAN).protection is Protection.REPAIRED_STOP
    assert lab.postbox.subjects(Severity.CRITICAL) == []


def test_a_looser_stop_that_stands_is_better_than_none(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue.set_stop_loss(BTC, Decimal(900))
    lab.venue.refuses_stops = True
    with pytest.raises(TradingError, match="no stop at 990"):
        protect_position(context=lab.context("run-2"), plan=PLAN)
    assert {one.stop_loss for one in lab.venue.positions()} == {Decimal(900)}


def test_a_missing_stop_that_the_price_has_passed_is_an_exit(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue.set_stop_loss(BTC, Decimal(900))
    lab.venue.prices[BTC] = Decimal(980)
    assert protect_position(context=lab.context("run-2"), plan=PLAN).protection is Protection.CLOSED
    assert position(lab).exit_reason is ExitReason.PROTECTION_FAILED


def test_a_stop_passed_while_moving_is_an_exit(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue.move(BTC, Decimal(1010))
    lab.venue.faults["set_stop_loss"] = [StopPassed("10001: base_price")]
    assert manage(lab, 1, 1010).positions[0].action == "the price had passed the next stop 1000.0: closed"
    assert lab.venue.positions() == []


class SilentFor(FakeVenue):
    """Shows no position in some of its answers, whatever is held."""

    def __init__(self, venue: FakeVenue, *answers: int) -> None:
        self.__dict__ = venue.__dict__
        self.asked = 0
        self.silent = answers

    def position(self, instrument_id: str) -> VenuePosition | None:
        """Nothing, where it is that answer's turn."""
        self.asked += 1
        return None if self.asked in self.silent else super().position(instrument_id)


@pytest.mark.parametrize("silent", [(1,), (2,), (3,), (1, 3)])
def test_one_answer_without_the_position_closes_nothing_that_is_open(database: Engine, silent: tuple[int, ...]) -> None:
    lab = opened(database, PLAN)
    lab.venue.move(BTC, Decimal(1010))
    lab.venue.prices[BTC] = Decimal(995)
    lab.venue = SilentFor(lab.venue, *silent)
    (managed,) = manage(lab, 1, 995).positions
    assert managed.action == "the price had passed the next stop 1000.0: closed"
    assert lab.venue.positions() == []
    assert position(lab).status is PositionStatus.CLOSED


def test_two_wrong_answers_lose_no_exit(database: Engine) -> None:
    plan = replace(PLAN, next_bar_rule=NextBarRule(Decimal("-11.6")))
    lab = opened(database, plan)
    lab.venue = SilentFor(lab.venue, 1, 2)
    (managed,) = manage(lab, 1, 1005, -12.0).positions
    assert not managed.done
    assert position(lab).managed_through == WAVE
    (managed,) = manage(lab, 2, 1005, -13.0).positions
    assert managed.done
    assert lab.venue.positions() == []


def test_flat_that_the_fills_agree_with_is_asked_once(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue.move(BTC, Decimal(980))
    lab.pauses.clear()
    assert close_position(context=lab.context("run-2"), plan=PLAN, purpose=Purpose.EXIT)
    assert lab.pauses == []
    assert position(lab).status is PositionStatus.CLOSED


def test_flat_twice_is_flat_whatever_became_of_the_fills(database: Engine) -> None:
    lab = opened(database, PLAN)
    lab.venue = SilentFor(lab.venue, 1, 2)
    lab.pauses.clear()
    posts = list(lab.venue.posts)
    assert close_position(context=lab.context("run-2"), plan=PLAN, purpose=Purpose.EXIT)
    assert (lab.pauses, lab.venue.posts) == ([2.0], posts)


class WithoutSol(FakeVenue):
    """Does not know SOLUSDT any more, of which it has settled what was held, where it tells so."""

    def __init__(self, venue: FakeVenue, *, settles: bool) -> None:
        self.__dict__ = venue.__dict__
        if settles:
            held = next(one for one in self.positions() if one.instrument_id == SOL)
            self.trade(SOL, Side.SELL, held.quantity, Decimal(1000), FillKind.VENUE)
        del self.prices[SOL]

    def order(self, instrument_id: str, order_link_id: str) -> OrderReport | None:
        """The adapter's reading of what the venue says of a symbol that is gone."""
        if instrument_id == SOL:
            raise read_error(10001, "params error: symbol invalid SOLUSDT")
        return super().order(instrument_id, order_link_id)


def test_a_delisting_is_told_once_and_stops_nothing(database: Engine) -> None:
    gone = trade_plan(SOL)
    lab = opened(database, PLAN, gone)
    lab.venue.move(BTC, Decimal(1010))
    lab.venue = WithoutSol(lab.venue, settles=True)
    assert [one.done for one in manage(lab, 1, 1010).positions] == [True]
    assert {one.instrument_id: one.stop_loss for one in lab.venue.positions()} == {BTC: Decimal(1000)}
    for run in ("run-a", "run-b"):
        assert reconcile_account(context=lab.context(run)).differences == ()
    ended = lab.ledger.intents_of(gone.plan_id)[1:]
    assert {(one.state, one.reason) for one in ended} == {
        (IntentState.CANCELLED, "the venue lists the instrument no more")
    }
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"external fill: {SOL}"]


def test_a_held_delisted_instrument_is_halted_alone(database: Engine) -> None:
    lab = opened(database, PLAN, trade_plan(SOL))
    lab.venue.move(BTC, Decimal(1010))
    lab.venue = WithoutSol(lab.venue, settles=False)
    for run in ("run-a", "run-b"):
        reconcile_account(context=lab.context(run))
    assert {one.instrument_id: one.stop_loss for one in lab.venue.positions()}[BTC] == Decimal(1000)
    assert [halt.scope for halt in lab.halts.halts()] == [f"{ACCOUNT}/{SOL}"]
    assert lab.postbox.subjects(Severity.CRITICAL).count(f"halted: {ACCOUNT}/{SOL}") == 1


def test_a_naked_position_does_not_wait_for_another(database: Engine) -> None:
    lab = opened(database, PLAN, trade_plan(SOL))
    for instrument_id in (BTC, SOL):
        lab.venue.strip_stop(instrument_id)
    lab.venue.faults["set_stop_loss"] = [TemporaryVenueError("down")] * 3
    reconcile_account(context=lab.context("run-2"))
    assert {one.instrument_id: one.stop_loss for one in lab.venue.positions()} == {BTC: None, SOL: Decimal(990)}
    assert f"no stop: {BTC}" in lab.postbox.subjects(Severity.CRITICAL)


def test_entries_refused_for_long_wait_for_another_run(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, PLAN)
    lab.venue.faults["submit"] = [_written(403)]
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.pauses == []
    assert lab.ledger.intent(f"{PLAN.plan_id}_E").state is IntentState.INTENDED
    assert lab.postbox.subjects(Severity.WARNING) == [f"not sent: {BTC}"]
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXECUTED


def test_an_entry_that_arrived_too_late_is_sent_again(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, PLAN)
    lab.venue.faults["submit"] = [_written(10002)]
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXECUTED
    assert lab.venue.accepted[0] == f"{PLAN.plan_id}_E"


def _written(code: int) -> TradingError:
    """What the adapter makes of the answer to a write."""
    return write_error(code, "no")
