"""Which bars should be there by now."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.feed.coverage import Coverage
from trading_pipeline_tests.testkit.builders import START, a_bar

SERIES = ("BTCUSDT.BYBIT", Timeframe.H1)
HOUR = timedelta(hours=1)


def test_nothing_is_missing_until_a_bar_has_closed() -> None:
    coverage = Coverage()
    coverage.begin(SERIES, START, START)
    assert coverage.missing(START + HOUR - timedelta(microseconds=1)) == {}
    assert coverage.missing(START + HOUR) == {SERIES: START}


@given(st.permutations(range(6)), st.integers(0, 5))
def test_the_last_sound_close_stands_before_the_first_hole(order: list[int], hole: int) -> None:
    coverage = Coverage()
    coverage.begin(SERIES, START, START)
    coverage.stored([a_bar(open_time=START + number * HOUR) for number in order if number != hole])
    assert coverage.missing(START + 6 * HOUR) == {SERIES: START + hole * HOUR}
    coverage.stored([a_bar(open_time=START + hole * HOUR)])
    assert coverage.missing(START + 6 * HOUR) == {}


@pytest.mark.parametrize(("after_close_s", "missing"), [(0, True), (59, True), (60, False), (1800, False)])
def test_an_empty_store_misses_only_what_closes_now(after_close_s: int, missing: bool) -> None:
    coverage, now = Coverage(), START + timedelta(seconds=after_close_s)
    coverage.begin(SERIES, None, now)
    assert coverage.missing(now) == ({SERIES: START - HOUR} if missing else {})


def test_a_store_from_a_later_replay_misses_nothing() -> None:
    coverage = Coverage()
    coverage.begin(SERIES, START + 100 * HOUR, START)
    coverage.stored([a_bar(open_time=START)])
    assert coverage.missing(START + HOUR) == {}


def test_bars_of_other_series_are_not_known() -> None:
    coverage = Coverage()
    coverage.begin(SERIES, START, START)
    assert coverage.knows(a_bar())
    assert not coverage.knows(a_bar(instrument_id="SOLUSDT.BYBIT"))
    assert not coverage.knows(a_bar(timeframe=Timeframe.H4))


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_what_is_lost_is_owed_no_more_and_hides_nothing_else(order: list[int], lost: set[int]) -> None:
    coverage = Coverage()
    coverage.begin(SERIES, START, START)
    there = [number for number in order[:3] if number not in lost]
    coverage.stored([a_bar(open_time=START + number * HOUR) for number in there])
    coverage.lost(SERIES, [START + number * HOUR for number in lost])
    owed = [START + number * HOUR for number in range(6) if number not in lost and number not in there]
    assert coverage.owed(SERIES, START + 6 * HOUR) == owed
    assert coverage.missing(START + 6 * HOUR) == ({SERIES: owed[0]} if owed else {})
