"""Days, anchors and windows."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.partitions import WINDOW_BARS, ComputedPart, PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_range

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@given(st.sampled_from(Timeframe), st.integers(0, 1000), st.integers(0, 3000))
def test_an_anchor_is_within_history_and_a_window(timeframe: Timeframe, day: int, minutes: int) -> None:
    history_start = START + timedelta(minutes=minutes)
    scope = a_range(timeframe=timeframe, start=START + day * DAY, history_start=history_start)
    anchor = scope.anchor(scope.start, scope.instrument_ids[0])
    assert timeframe.closes_at(anchor)
    assert history_start <= anchor
    assert anchor == scope.first_open or scope.start - anchor == WINDOW_BARS * timeframe.duration


def test_days_are_the_midnights_of_the_range() -> None:
    assert list(a_range(days=3).days) == [START, START + DAY, START + 2 * DAY]


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (START + DAY, START + DAY),
        (START + 2 * DAY, START + DAY),
        (START + 5 * HOUR, START + 5 * HOUR),
        (START + 5 * HOUR - timedelta(seconds=1), START + 4 * HOUR),
        (START + HOUR / 2, START),
    ],
)
def test_only_bars_that_have_closed_are_needed(now: datetime, end: datetime) -> None:
    assert a_range().open_times_until(now) == (START, end)


@pytest.mark.parametrize(("start", "end"), [(START + HOUR, START + DAY), (START, START), (START, START + HOUR)])
def test_a_range_that_is_not_whole_days_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="day"):
        PartitionRange(("BTCUSDT",), Timeframe.H1, start, end, START)


def test_whole_days_may_follow_bars_heard_since() -> None:
    scope = a_range(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], start=START + 2 * DAY)
    assert scope.parts == [ComputedPart(scope.instrument_ids, scope.start, scope.window_start)]


def test_instruments_whose_earlier_rows_stand_are_computed_from_there_on() -> None:
    scope = a_range(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], start=START + 2 * DAY)
    wave = scope.start + 5 * HOUR
    narrowed = replace(scope, computed_until=wave, recomputed=frozenset({"SOLUSDT.BYBIT"}))
    assert narrowed.parts == [
        ComputedPart(("SOLUSDT.BYBIT",), scope.start, scope.window_start),
        ComputedPart(("BTCUSDT.BYBIT",), wave, wave),
    ]


def test_what_is_recomputed_whole_has_no_other_part() -> None:
    scope = a_range(["BTCUSDT.BYBIT"], start=START + 2 * DAY)
    corrected = replace(scope, computed_until=scope.start + HOUR, recomputed=frozenset(scope.instrument_ids))
    assert corrected.parts == scope.parts


def test_a_days_first_close_looks_at_nothing_older() -> None:
    scope = a_range(["BTCUSDT.BYBIT"], start=START + 2 * DAY)
    assert replace(scope, computed_until=scope.start).parts == [
        ComputedPart(("BTCUSDT.BYBIT",), scope.start, scope.start)
    ]


def test_days_the_venue_has_not_begun_are_refused() -> None:
    with pytest.raises(
        DataError,
        match=rf"{START:%Y-%m-%d} has not begun at the venue, whose clock says {START - HOUR:%Y-%m-%d %H:%M} UTC",
    ):
        a_range().open_times_until(START - HOUR)
