"""Higher timeframes in the pipeline: as of their close, whole, and the same in every range."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.holes import HolePolicy, HoleRules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import WINDOW_BARS, PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_higher
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.strategy.answers import signals_of
from trading_pipeline.services.strategy.strategy_frames import StrategyFrames
from trading_pipeline.services.strategy.windows import DayWindow, day_windows
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range, days_of, walk, without
from trading_pipeline_tests.testkit.market_vertical import Vertical

if TYPE_CHECKING:
    from trading_pipeline.domain.strategies.framework.base import Strategy

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCORE = "technical_score_1h"
FUSED: "Strategy" = strategy_named("fused_score", {"higher": "1h"})
few_examples = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    made = Vertical(database)
    made.strategies[:] = [StrategyConfig(FUSED, tuple(Timeframe), (), made.strategies[0].lifecycle)]
    return made


def a_quarter_range(start: datetime = START, days: int = 1, history_start: datetime = START) -> PartitionRange:
    """Days of 15m bars of BTCUSDT."""
    return a_range(timeframe=Timeframe.M15, start=start, days=days, history_start=history_start)


def hear(vertical: Vertical, *bars: Iterable[Bar]) -> None:
    """Store raw bars."""
    vertical.bars.append_raw([bar for some in bars for bar in some], BarSource.REST)


def run(vertical: Vertical, scope: PartitionRange, now: datetime) -> None:
    """The stages of a wave, the higher timeframe's bars first."""
    vertical.judge(replace(scope, timeframe=Timeframe.H1), now)
    vertical.run(scope, now)


def shown(vertical: Vertical, scope: PartitionRange, now: datetime) -> pd.DataFrame:
    """What the strategy is shown on the last day of a range."""
    run(vertical, scope, now)
    *_, window = day_windows(vertical.bars, vertical.checks, scope, now)
    return StrategyFrames(vertical.bars, scope, now).window_of(window, FUSED).bars.set_index("close_time")


@few_examples
@given(seed=st.integers(0, 10_000), holes=st.sets(st.integers(30, 143), max_size=1))
def test_a_range_gives_each_of_its_days_signals(vertical: Vertical, seed: int, holes: set[int]) -> None:
    vertical.wipe()
    quarters = walk(count=6 * 96, timeframe=Timeframe.M15, seed=seed)
    hear(vertical, quarters, without(walk(count=6 * 24, seed=seed), *holes))
    scope, now = a_quarter_range(days=6), START + 6 * DAY
    run(vertical, scope, now)
    together = vertical.rows()
    alone: list[str] = []
    for day in days_of(scope):
        vertical.empty()
        run(vertical, day, now)
        alone += vertical.rows()["signals"]
    assert sorted(alone) == sorted(together["signals"])


@few_examples
@given(seed=st.integers(0, 10_000), known=st.integers(1, 4 * 96 - 1))
def test_what_came_later_changes_no_signal(vertical: Vertical, seed: int, known: int) -> None:
    vertical.wipe()
    quarters, hours = walk(count=4 * 96, timeframe=Timeframe.M15, seed=seed), walk(count=4 * 24, seed=seed)
    now, scope = quarters[known - 1].close_time, a_quarter_range(days=4)
    hear(vertical, quarters[:known], (bar for bar in hours if bar.close_time <= now))
    run(vertical, scope, now)
    early = vertical.rows()["signals"]
    hear(vertical, quarters[known:], (bar for bar in hours if bar.close_time > now))
    run(vertical, scope, START + 4 * DAY)
    assert set(early) <= set(vertical.rows()["signals"])


def test_the_pipeline_says_what_one_pass_over_all_bars_says(vertical: Vertical) -> None:
    now = START + 6 * DAY
    hear(vertical, walk(count=6 * 96, timeframe=Timeframe.M15, seed=2), walk(count=6 * 24, seed=2))
    run(vertical, a_quarter_range(days=6), now)
    bars, hours = (vertical.bars.frame(["BTCUSDT.BYBIT"], one, START, now) for one in (Timeframe.M15, Timeframe.H1))
    framed = with_higher(FUSED, bars, {Timeframe.H1: hours}, Timeframe.M15)
    window = DayWindow("BTCUSDT.BYBIT", framed, pd.Series(True, index=framed.index))
    stored = vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.M15, START, now)
    assert stored == signals_of(window, vertical.strategies[0], Timeframe.M15)[0] != []


def test_a_day_does_not_depend_on_what_lies_before_the_anchors(vertical: Vertical) -> None:
    hours, now = walk(count=24 * 75), START + 75 * DAY
    quarters = walk(start=START + 50 * DAY, count=25 * 96, timeframe=Timeframe.M15)
    day = a_quarter_range(START + 74 * DAY)
    hear(vertical, hours, quarters)
    whole = shown(vertical, day, now)
    vertical.wipe()
    hear(vertical, hours[24 * 74 - WINDOW_BARS :], quarters[24 * 96 - WINDOW_BARS :])
    pd.testing.assert_frame_equal(shown(vertical, day, now), whole, check_exact=True)
    assert whole[SCORE].notna().all()


def test_a_higher_bar_counts_until_the_next_closes(vertical: Vertical) -> None:
    hear(vertical, walk(count=96 * 3, timeframe=Timeframe.M15), walk(count=70))
    frame = shown(vertical, a_quarter_range(days=3), START + 3 * DAY)
    last = START + 70 * HOUR
    assert frame.loc[last : last + 45 * timedelta(minutes=1), SCORE].nunique(dropna=False) == 1
    assert frame.loc[last + HOUR :, SCORE].isna().all()
    assert frame.loc[last - HOUR : last, SCORE].notna().all()


BTC = InstrumentId("BTCUSDT.BYBIT")
HOLE = START + 61 * HOUR


def test_an_accepted_lost_higher_bar_stops_nothing(vertical: Vertical) -> None:
    quarters, hours = walk(count=96 * 3, timeframe=Timeframe.M15), without(walk(count=72), 61)
    known = []
    for impossible in (True, False):
        vertical.wipe()
        hear(vertical, quarters, [*hours, a_bar(open_time=HOLE, low="-5")] if impossible else hours)
        if not impossible:
            for asked_at in (START + 4 * DAY, START + 5 * DAY):
                vertical.bars.note_absent(BTC, Timeframe.H1, [HOLE], asked_at, "none", HOUR)
        frame = shown(vertical, a_quarter_range(days=3), START + 3 * DAY)
        assert frame.loc[HOLE, SCORE] > 0
        assert frame.loc[HOLE + HOUR : HOLE + 105 * timedelta(minutes=1), SCORE].isna().all()
        assert frame.loc[HOLE + 2 * HOUR :, SCORE].notna().all()
        known.append(frame)
    pd.testing.assert_frame_equal(*known, check_exact=True)


def test_a_missing_higher_bar_leaves_nothing_known(vertical: Vertical) -> None:
    quarters, hours = walk(count=96 * 3, timeframe=Timeframe.M15), walk(count=72)
    hole = HOLE
    for broken in (without(hours, 61), [*without(hours, 61), a_bar(open_time=hole, low="-5")]):
        vertical.wipe()
        hear(vertical, quarters, broken)
        frame = shown(vertical, replace(a_quarter_range(days=3), holes=HoleRules(HolePolicy.REFUSE)), START + 3 * DAY)
        assert frame.loc[hole, SCORE] > 0
        assert frame.loc[hole + HOUR :, SCORE].isna().all()


def test_a_higher_bar_about_which_sources_disagree_spoils_itself_alone(vertical: Vertical) -> None:
    hear(vertical, walk(count=96 * 3, timeframe=Timeframe.M15), walk(count=72))
    vertical.bars.append_raw([a_bar(open_time=START + 61 * HOUR, close="1")], BarSource.FILE)
    frame = shown(vertical, a_quarter_range(days=3), START + 3 * DAY)
    assert frame.index[frame[SCORE].isna()][-4:].tolist() == [
        START + 62 * HOUR + step * timedelta(minutes=15) for step in range(4)
    ]


def test_a_late_listing_has_higher_bars_from_then(vertical: Vertical) -> None:
    first = START + 24 * HOUR
    vertical.bars.record_first_available_bar(FirstAvailableBar("BTCUSDT.BYBIT", START, first), Timeframe.H1)
    hear(vertical, walk(count=96 * 4, timeframe=Timeframe.M15), walk(start=first, count=72))
    frame = shown(vertical, a_quarter_range(days=4), START + 4 * DAY)
    assert frame[SCORE].first_valid_index() == first + 50 * HOUR


def test_a_timeframe_that_is_not_collected_is_unknown(vertical: Vertical) -> None:
    hear(vertical, walk(count=96, timeframe=Timeframe.M15))
    assert shown(vertical, a_quarter_range(), START + DAY)[SCORE].isna().all()


def test_a_strategy_without_higher_timeframes_gets_its_window_as_it_is() -> None:
    window = DayWindow("BTCUSDT.BYBIT", pd.DataFrame(), pd.Series(dtype=bool))
    unread = StrategyFrames(bars=None, scope=a_quarter_range(), now=START)  # type: ignore[arg-type]
    assert unread.window_of(window, strategy_named("ema_atr", {})) is window
