"""Behind a hole that is refused nothing is entered and positions are left, in the pipeline and in the backtest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.domain.backtest.codes import LegKind, OrderKind
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.signals import Bias, SignalKind
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe, day_of, from_ms, to_ms
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.recompute_signals import recomputed_signals
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.services.research.run_backtest import run_backtest
from trading_pipeline.services.research.stored_bars import stored_bars
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range, walk, without
from trading_pipeline_tests.testkit.market_vertical import Vertical

BTC = InstrumentId("BTCUSDT.BYBIT")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOST, IMPOSSIBLE, DAYS = (100, 101), 103, 80
END = START + DAYS * DAY
RESUMES = day_of(START + (IMPOSSIBLE + WINDOW_BARS) * HOUR) + DAY
Decided = tuple[datetime, SignalKind, Bias]


def test_the_engine_decides_where_the_pipeline_does_and_rests_until_the_holes_left_the_window(
    database: Engine,
) -> None:
    vertical = Vertical(database)
    hours = without(walk(count=24 * DAYS), *LOST, IMPOSSIBLE)
    vertical.bars.append_raw([*hours, a_bar(open_time=START + IMPOSSIBLE * HOUR, low="-5")], BarSource.REST)
    vertical.run(a_range(days=DAYS, policy=HolePolicy.REFUSE), END)
    stored = [
        (one.close_time, one.kind, one.bias)
        for kind in SignalKind
        for one in vertical.signals.signals([BTC], Timeframe.H1, START, END, kind)
    ]
    behind = [kind for at, kind, _ in stored if START + LOST[0] * HOUR < at <= RESUMES]
    assert set(behind) == {SignalKind.EXIT}
    assert {kind for at, kind, _ in stored if at > RESUMES} == set(SignalKind)
    assert sorted(engine(vertical, Window())) == sorted(stored)
    assert sorted(recomputed(vertical)) == sorted(stored)
    # what is seen begins after the holes here, which spoil the days before they left the window all the same
    late = Window(RESUMES - 18 * HOUR)
    since = RESUMES - 18 * HOUR
    assert sorted(engine(vertical, late)) == sorted(
        one for one in stored if one[0] > RESUMES or (one[0] > since and one[1] is SignalKind.EXIT)
    )


def engine(vertical: Vertical, window: Window) -> list[Decided]:
    """What the backtest is given to trade."""
    (plan,) = vertical.strategies
    bars = stored_bars(vertical.bars, [BTC], [Timeframe.H1], EPOCH, END)[Timeframe.H1]
    run = StrategyRun(plan.strategy, Timeframe.H1, bars, BacktestConfig())
    (lane,) = run_backtest(BacktestRequest([run], "test", window=window, holes=HolePolicy.REFUSE)).lanes
    given, closes = lane.given.signals, lane.given.bars.close_time_ms
    exits = given.kinds() == OrderKind.EXIT
    return [
        (
            from_ms(int(closes[place])),
            SignalKind.EXIT if leaves else SignalKind.ENTRY,
            Bias.LONG if side > 0 else Bias.SHORT,
        )
        for place, side, leaves in zip(given.bar_index, given.direction, exits, strict=True)
    ]


def recomputed(vertical: Vertical) -> list[Decided]:
    """What parity holds against the pipeline."""
    bars = stored_bars(vertical.bars, [BTC], [Timeframe.H1], EPOCH, END)
    question = ParityQuestion(vertical.strategies, bars, START, END, 10_000.0, holes=HolePolicy.REFUSE)
    run = StrategyRun(vertical.strategies[0].strategy, Timeframe.H1, bars[Timeframe.H1], BacktestConfig())
    return [(one.close_time, one.kind, one.bias) for one in recomputed_signals(question, run)]


WEEK = 8
STRATEGY = strategy_named("ema_atr", {"fast_period": 3, "slow_period": 8, "atr_period": 5})


def test_behind_a_hole_stops_have_the_numbers_that_they_follow_and_nobody_enters(database: Engine) -> None:
    vertical = Vertical(database)
    vertical.bars.append_raw(without(walk(count=24 * WEEK), *LOST), BarSource.REST)
    vertical.run(a_range(days=WEEK, policy=HolePolicy.REFUSE), START + WEEK * DAY)
    numbers, hole = PostgresIndicatorReader(database), START + LOST[0] * HOUR
    behind = [START + hour * HOUR for hour in range(LOST[-1] + 2, 24 * WEEK + 1)]
    assert all(numbers.latest_indicator(BTC, Timeframe.H1, close, "atr_14") for close in behind)
    entries, exits = (
        vertical.signals.signals([BTC], Timeframe.H1, hole, behind[-1] + HOUR, kind) for kind in SignalKind
    )
    assert entries == []
    assert {one.bias for one in exits} == set(Bias)


def lost(hours: list[Bar]) -> list[Bar]:
    return without(hours, *LOST)


def impossible(hours: list[Bar]) -> list[Bar]:
    return [*without(hours, IMPOSSIBLE), a_bar(open_time=START + IMPOSSIBLE * HOUR, low="-5")]


def redenominated(hours: list[Bar]) -> list[Bar]:
    """A hole, and prices of a thousandth behind it."""
    prices = ("open", "high", "low", "close")
    return [
        replace(bar, **{name: getattr(bar, name) / 1000 for name in prices}) if place > LOST[-1] else bar
        for place, bar in enumerate(hours)
        if place not in LOST
    ]


@pytest.mark.parametrize(("spoil", "heard"), [(lost, True), (impossible, True), (redenominated, False)])
def test_an_exit_behind_a_hole_is_heard_where_the_bars_that_exist_tell_it(
    database: Engine, spoil: Callable[[list[Bar]], list[Bar]], heard: bool
) -> None:
    vertical, end, behind = Vertical(database), START + WEEK * DAY, START + IMPOSSIBLE * HOUR
    vertical.bars.append_raw(spoil(walk(count=24 * WEEK)), BarSource.REST)
    vertical.run(a_range(days=WEEK, policy=HolePolicy.REFUSE), end)
    bars = stored_bars(vertical.bars, [BTC], [Timeframe.H1], EPOCH, end)[Timeframe.H1][BTC]
    said = STRATEGY.exits(bars)
    closes = bars["close_time"].iloc[said["bar_index"].to_numpy()]
    told = {(close.to_pydatetime(), bias) for close, bias in zip(closes, said["bias"], strict=True) if close > behind}
    assert told
    stored = vertical.signals.signals([BTC], Timeframe.H1, behind, end, SignalKind.EXIT)
    assert {(one.close_time, one.bias) for one in stored} == (told if heard else set())
    assert vertical.signals.signals([BTC], Timeframe.H1, behind, end) == []


def test_a_hole_in_the_hours_leaves_the_decisions_of_four_hours_as_they_are(database: Engine) -> None:
    vertical, end, decided = Vertical(database), START + WEEK * DAY, []
    fours = walk(count=6 * WEEK, timeframe=Timeframe.H4)
    for hours in (walk(count=24 * WEEK), without(walk(count=24 * WEEK), *LOST)):
        vertical.wipe()
        vertical.bars.append_raw([*hours, *fours], BarSource.REST)
        for timeframe in (Timeframe.H1, Timeframe.H4):
            vertical.run(a_range(timeframe=timeframe, days=WEEK, policy=HolePolicy.REFUSE), end)
        both = {
            timeframe: [vertical.signals.signals([BTC], timeframe, START, end, kind) for kind in SignalKind]
            for timeframe in (Timeframe.H1, Timeframe.H4)
        }
        decided.append(both)
    whole, holed = decided
    assert whole[Timeframe.H4] == holed[Timeframe.H4]
    assert all(whole[Timeframe.H4])
    hole = START + LOST[0] * HOUR
    assert {one.close_time > hole for kind in whole[Timeframe.H1] for one in kind} == {True, False}
    assert {one.close_time > hole for kind in holed[Timeframe.H1] for one in kind if one.kind is SignalKind.ENTRY} == {
        False
    }


@pytest.mark.parametrize("missing", [LOST, (30, 31), (42,)])
def test_a_position_that_is_open_when_a_hole_begins_is_left_all_the_same_and_none_is_entered(
    missing: tuple[int, ...],
) -> None:
    hours = WrittenBars.of_bars(BTC, Timeframe.H1, without(walk(count=24 * WEEK), *missing)).frame()
    run = StrategyRun(STRATEGY, Timeframe.H1, {BTC: hours}, BacktestConfig())
    trades = run_backtest(BacktestRequest([run], "test", holes=HolePolicy.REFUSE)).result.trade_list()
    hole = to_ms(START + missing[0] * HOUR)
    (held,) = [one for one in trades if one.entry_time_ms < hole <= one.exit_time_ms]
    assert held.exit_reason is LegKind.SIGNAL_EXIT
    assert [one for one in trades if one.entry_time_ms >= hole] == []
