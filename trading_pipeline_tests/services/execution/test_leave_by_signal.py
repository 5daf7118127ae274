"""The strategy's own exits and its signals of the other side, from the stored signal to a closed position."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, Purpose, Side
from trading_pipeline.domain.model.plans import ExitRules, NextBarRule, Opposite, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus
from trading_pipeline.domain.model.signals import UNTRADED, Bias, Signal, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.manage_positions import ManageResult, manage_positions
from trading_pipeline_tests.testkit.execution_lab import (
    WAVE,
    Lab,
    exit_signal,
    store_bar,
    store_checks,
    store_plan,
    store_signal,
    store_wave,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = timedelta(minutes=15)
NEXT = WAVE + BAR
PLAN = trade_plan()
SIGNAL_EXITS = (Purpose.SIGNAL_EXIT, Purpose.OPPOSITE_EXIT, Purpose.REVERSAL)


def opened(database: Engine, plan: TradePlan) -> Lab:
    """An account with one open long: 5 at 1000, stop 990, targets 2 at 1010 and 2 at 1020."""
    lab = Lab(database)
    store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def by(opposite: Opposite) -> TradePlan:
    return replace(PLAN, exit_rules=ExitRules(opposite=opposite))


@pytest.fixture
def lab(database: Engine) -> Lab:
    return opened(database, PLAN)


def manage(lab: Lab, wave: datetime = NEXT, close: int = 1005, run_id: str = "run-m") -> ManageResult:
    lab.clock.set(wave)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(close))
    return manage_positions(
        context=lab.context(run_id), indicators=PostgresIndicatorReader(lab.database), wave=wave, finest=Timeframe.M15
    )


def position(lab: Lab) -> Position:
    found = lab.ledger.position_of(PLAN.plan_id)
    assert found is not None
    return found


def exits(lab: Lab) -> list[IntentRecord]:
    return [one for one in lab.ledger.intents_of(PLAN.plan_id) if one.intent.purpose in SIGNAL_EXITS]


def test_a_strategys_exit_closes_at_its_bar(lab: Lab) -> None:
    signal = exit_signal(PLAN, NEXT)
    store_signal(lab.database, signal)
    assert manage(lab).positions[0].action == "the strategy leaves: closed"
    closed = position(lab)
    assert (closed.status, closed.exit_reason) == (PositionStatus.CLOSED, ExitReason.SIGNAL_EXIT)
    assert (closed.realised_pnl, closed.closed_at) == (Decimal(25), NEXT)
    [made] = exits(lab)
    assert (made.intent.order_link_id, made.intent.signal_id) == (f"{PLAN.plan_id}_XS", signal.signal_id)
    assert (made.intent.reduce_only, len(made.intent.order_link_id)) == (True, 21)
    assert lab.venue.positions() == []


def test_the_targets_it_leaves_behind_are_cancelled(lab: Lab) -> None:
    store_signal(lab.database, exit_signal(PLAN, NEXT))
    manage(lab)
    targets = [one for one in lab.ledger.intents_of(PLAN.plan_id) if one.intent.purpose.startswith("TP")]
    assert {one.state for one in targets} == {IntentState.CANCELLED}


@pytest.mark.parametrize(
    "change",
    [
        {"bias": Bias.SHORT},
        {"strategy": "macd"},
        {"instrument_id": "SOLUSDT.BYBIT"},
        {"timeframe": Timeframe.H1},
        {"close_time": WAVE},
        {"close_time": NEXT + BAR},
    ],
    ids=[
        "other side",
        "other strategy",
        "other instrument",
        "other timeframe",
        "the entry's own close",
        "a later close",
    ],
)
def test_what_is_not_said_of_the_position_leaves_it_alone(lab: Lab, change: dict[str, object]) -> None:
    store_signal(lab.database, replace(exit_signal(PLAN, NEXT), **change))  # type: ignore[arg-type]
    manage(lab)
    assert (position(lab).status, exits(lab)) == (PositionStatus.OPEN, [])


def the_other_side(close_time: datetime) -> Signal:
    short = trade_plan(bias=Bias.SHORT, close_time=close_time)
    return replace(
        exit_signal(short, close_time), signal_id=short.signal_id, kind=SignalKind.ENTRY, stop_price=short.stop_price
    )


@pytest.mark.parametrize("signal", [exit_signal(PLAN, NEXT), the_other_side(NEXT)], ids=["an exit", "the other side"])
def test_a_backfills_exit_reaches_no_order(database: Engine, signal: Signal) -> None:
    lab = opened(database, by(Opposite.CLOSE))
    store = PostgresSignalStore(database)
    scope = ([signal], ["BTCUSDT.BYBIT"], Timeframe.M15, WAVE, WAVE + timedelta(days=1))
    store.replace(*scope)
    manage(lab)
    assert (position(lab).status, exits(lab)) == (PositionStatus.OPEN, [])
    store.replace(*scope, live=True)
    store.replace(*scope)
    manage(lab, NEXT + BAR)
    assert position(lab).status is PositionStatus.CLOSED


def test_a_plan_without_strategy_exits_does_not_hear_them(database: Engine) -> None:
    lab = opened(database, replace(PLAN, exit_rules=ExitRules(strategy_exits=False)))
    store_signal(database, exit_signal(PLAN, NEXT))
    manage(lab)
    assert position(lab).status is PositionStatus.OPEN


def test_an_entry_too_soon_after_a_hole_is_no_word_of_the_other_side(database: Engine) -> None:
    lab = opened(database, by(Opposite.CLOSE))
    store_signal(database, replace(the_other_side(NEXT), details={UNTRADED: "3 bars lack"}))
    manage(lab)
    assert (position(lab).status, exits(lab)) == (PositionStatus.OPEN, [])


def computed(lab: Lab, unanswered: Sequence[str] = ()) -> None:
    """The wave of the next bar, with its numbers."""
    store_bar(lab.database, PLAN.instrument_id, NEXT, Decimal(1005), atr=5.0)
    store_wave(lab.database, PLAN.timeframe, NEXT)
    PostgresWaveStore(lab.database).note_unanswered(NEXT, PLAN.timeframe, unanswered)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        pytest.param(computed, "", id="it was asked"),
        pytest.param(lambda lab: computed(lab, ["SOLUSDT.BYBIT"]), "", id="it failed about another"),
        pytest.param(lambda lab: computed(lab, [PLAN.instrument_id]), "a strategy failed", id="it failed"),
        pytest.param(lambda _: None, "nothing is computed of its bar", id="there is no bar"),
        pytest.param(
            lambda lab: store_checks(lab.database, replace(PLAN, close_time=NEXT), CheckName.SOURCES_AGREE),
            "sources_agree: one bar missing",
            id="its bar is unsound",
        ),
    ],
)
def test_an_exit_that_nobody_can_know_is_told_once_and_the_stop_stays(
    lab: Lab, happened: Callable[[Lab], None], told: str
) -> None:
    happened(lab)
    before = position(lab).stop_price
    for run_id in ("run-m", "run-again"):
        manage(lab, run_id=run_id)
    bodies = [body for _, subject, body in lab.postbox.messages if subject == "exit unknown: BTCUSDT.BYBIT"]
    assert len(bodies) == bool(told)
    assert all(told in body and f"stop at {before}" in body for body in bodies)
    assert (position(lab).status, position(lab).stop_price) == (PositionStatus.OPEN, before)


def test_an_exit_whose_wave_was_missed_is_made_up_for(lab: Lab) -> None:
    store_signal(lab.database, exit_signal(PLAN, NEXT))
    manage(lab, NEXT + 2 * BAR)
    assert (position(lab).exit_reason, position(lab).closed_at) == (ExitReason.SIGNAL_EXIT, NEXT + 2 * BAR)


def test_a_late_exit_closes_with_the_next_wave(lab: Lab) -> None:
    manage(lab, NEXT)
    store_signal(lab.database, exit_signal(PLAN, NEXT))
    manage(lab, NEXT + BAR)
    assert position(lab).exit_reason is ExitReason.SIGNAL_EXIT


def test_the_first_of_several_exits_names_the_close(lab: Lab) -> None:
    first, second = exit_signal(PLAN, NEXT), exit_signal(PLAN, NEXT + BAR)
    for signal in (second, first):
        store_signal(lab.database, signal)
    manage(lab, NEXT + BAR)
    assert [one.intent.signal_id for one in exits(lab)] == [first.signal_id]


def test_a_stopped_position_is_not_left_again(lab: Lab) -> None:
    store_signal(lab.database, exit_signal(PLAN, NEXT))
    lab.clock.advance(timedelta(seconds=60))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(990))
    manage(lab, close=995)
    assert (position(lab).exit_reason, exits(lab)) == (ExitReason.STOP_LOSS, [])


def test_the_next_bar_exit_names_the_exit_where_both_apply(database: Engine) -> None:
    plan = replace(PLAN, next_bar_rule=NextBarRule(Decimal(-11)))
    lab = opened(database, plan)
    store_bar(database, "BTCUSDT.BYBIT", NEXT, Decimal(1005), 4.0, momentum=-12.0)
    store_signal(database, exit_signal(PLAN, NEXT))
    manage(lab)
    assert (position(lab).exit_reason, exits(lab)) == (ExitReason.NEXT_BAR_EXIT, [])


def test_a_strategys_exit_outranks_the_other_side(database: Engine) -> None:
    lab = opened(database, by(Opposite.CLOSE))
    store_signal(database, exit_signal(PLAN, NEXT))
    store_plan(database, trade_plan(bias=Bias.SHORT, close_time=NEXT))
    manage(lab)
    assert position(lab).exit_reason is ExitReason.SIGNAL_EXIT


@pytest.mark.parametrize(
    ("opposite", "reason", "suffix"),
    [(Opposite.CLOSE, ExitReason.OPPOSITE_SIGNAL, "OX"), (Opposite.REVERSE, ExitReason.REVERSAL, "RX")],
)
def test_the_other_sides_signal_closes_where_planned(
    database: Engine, opposite: Opposite, reason: ExitReason, suffix: str
) -> None:
    lab = opened(database, by(opposite))
    against = trade_plan(bias=Bias.SHORT, close_time=NEXT)
    store_plan(database, against)
    manage(lab)
    assert (position(lab).status, position(lab).exit_reason) == (PositionStatus.CLOSED, reason)
    [made] = exits(lab)
    assert made.intent.order_link_id == f"{PLAN.plan_id}_{suffix}"
    assert made.intent.signal_id == against.signal_id


SHORT_AT_NEXT = trade_plan(bias=Bias.SHORT, close_time=NEXT)


@pytest.mark.parametrize(
    ("opposite", "leaves", "status", "rule", "side"),
    [
        (Opposite.IGNORE, False, PlanStatus.DENIED, "opposite_position", Side.BUY),
        (Opposite.IGNORE, True, PlanStatus.EXECUTED, "", Side.SELL),
        (Opposite.CLOSE, False, PlanStatus.DENIED, "closed_opposite", None),
        (Opposite.CLOSE, True, PlanStatus.EXECUTED, "", Side.SELL),
        (Opposite.REVERSE, False, PlanStatus.EXECUTED, "", Side.SELL),
    ],
    ids=[
        "ignored, it meets the position",
        "a new sell closes the long and opens a short",
        "it closes and enters nothing",
        "the strategy's exit came first, so it closed nothing",
        "it closes and enters",
    ],
)
def test_one_wave_leaves_before_it_enters(
    database: Engine, opposite: Opposite, leaves: bool, status: PlanStatus, rule: str, side: Side | None
) -> None:
    """What becomes of a short signal at the first close of a long, at 1000."""
    lab = opened(database, by(opposite))
    store_plan(database, SHORT_AT_NEXT)
    if leaves:
        store_signal(database, exit_signal(PLAN, NEXT))
    manage(lab, close=1000)
    execute_plans(context=lab.context("run-m"), gate=lab.gate, equity=lab.equity)
    found, reason = lab.plan_status(SHORT_AT_NEXT)
    assert (found, reason.partition(":")[0]) == (status, rule)
    assert [held.side for held in lab.venue.positions()] == ([] if side is None else [side])


def test_a_broken_off_close_keeps_its_order(lab: Lab) -> None:
    signal = exit_signal(PLAN, NEXT)
    store_signal(lab.database, signal)
    lab.venue.faults["positions"] = [None, None, *[TemporaryVenueError("down")] * 3]
    assert not manage(lab).positions[0].done
    manage(lab, run_id="run-n")
    assert position(lab).exit_reason is ExitReason.SIGNAL_EXIT
    assert [(one.state, one.intent.signal_id) for one in exits(lab)] == [(IntentState.FILLED, signal.signal_id)]


def test_an_exit_that_led_to_an_order_stays_as_it_was(lab: Lab) -> None:
    """A rerun that no longer finds it keeps the reason of the order, and removes the one nobody acted upon."""
    acted, ignored = exit_signal(PLAN, NEXT), replace(exit_signal(PLAN, NEXT + BAR), signal_id="ignored")
    store_signal(lab.database, acted)
    manage(lab)
    store_signal(lab.database, ignored)
    store = PostgresSignalStore(lab.database)
    scope = (["BTCUSDT.BYBIT"], Timeframe.M15, WAVE, WAVE + timedelta(days=1))
    for fresh in ([], [replace(acted, entry_price=Decimal(1))]):
        store.replace(fresh, *scope)
        assert store.signals(*scope, SignalKind.EXIT) == [acted]
