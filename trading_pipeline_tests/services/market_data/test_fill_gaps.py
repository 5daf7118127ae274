"""Missing bars are fetched before anything is computed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.bars_report import BarsReport
from trading_pipeline.services.market_data.fill_gaps import GapReport, fill_gaps
from trading_pipeline.services.market_data.refresh_bars import refresh_bars
from trading_pipeline_tests.testkit.builders import START, a_range, walk, without
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def store(database: Engine) -> PostgresBarStore:
    return PostgresBarStore(database)


def test_a_hole_is_healed_with_the_venues_own_bars(store: PostgresBarStore) -> None:
    day = walk(count=24)
    store.append_raw(without(day, 5, 6, 20), BarSource.WEBSOCKET)
    venue = RecordedMarketData(day, START + DAY)
    assert fill_gaps(store, venue, a_range(), START + DAY) == [GapReport("BTCUSDT.BYBIT", 3, (), "")]
    assert store.missing(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == {}
    assert venue.requests == [("BTCUSDT.BYBIT", START + 5 * HOUR, START + 21 * HOUR)]


def test_nothing_is_asked_of_the_venue_when_nothing_is_missing(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=24), BarSource.WEBSOCKET)
    venue = RecordedMarketData([], START + DAY)
    assert fill_gaps(store, venue, a_range(), START + DAY) == []
    assert venue.requests == []


def test_a_bar_that_has_not_closed_is_not_missing(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=10), BarSource.WEBSOCKET)
    now = START + 10 * HOUR + timedelta(minutes=59)
    assert fill_gaps(store, RecordedMarketData(walk(count=24), now), a_range(), now) == []


def test_the_window_before_the_day_is_filled_too(store: PostgresBarStore) -> None:
    scope = a_range(start=START + 90 * DAY, history_start=START)
    venue = RecordedMarketData(walk(count=24 * 91), START + 91 * DAY)
    assert fill_gaps(store, venue, scope, START + 91 * DAY) == [GapReport("BTCUSDT.BYBIT", 1724, (), "")]
    assert store.first_raw_open("BTCUSDT.BYBIT", Timeframe.H1, START) == START + 90 * DAY - 1700 * HOUR


def test_what_the_venue_does_not_have_stays_missing_and_is_named(store: PostgresBarStore) -> None:
    day = walk(count=24)
    venue = RecordedMarketData(without(day, 7), START + DAY)
    [report] = fill_gaps(store, venue, a_range(), START + DAY)
    assert (report.healed, report.missing) == (23, (START + 7 * HOUR,))


def test_a_symbol_that_fails_does_not_stop_the_others(store: PostgresBarStore) -> None:
    scope = a_range(["ADAUSDT.BYBIT", "SOLUSDT.BYBIT"])
    venue = RecordedMarketData(
        walk("ADAUSDT.BYBIT", count=24) + walk("SOLUSDT.BYBIT", count=24), START + DAY, frozenset({"ADAUSDT.BYBIT"})
    )
    failed, healed = fill_gaps(store, venue, scope, START + DAY)
    assert (failed.instrument_id, failed.healed, failed.failure) == (
        "ADAUSDT.BYBIT",
        0,
        "ADAUSDT.BYBIT: no answer within 10 s",
    )
    assert healed == GapReport("SOLUSDT.BYBIT", 24, (), "")


def test_the_time_before_a_listing_is_no_gap(store: PostgresBarStore) -> None:
    venue = RecordedMarketData(walk(start=START + 6 * HOUR, count=18), START + DAY)
    assert fill_gaps(store, venue, a_range(), START + DAY) == [GapReport("BTCUSDT.BYBIT", 18, (), "")]
    assert store.first_available_bars(["BTCUSDT.BYBIT"], Timeframe.H1)["BTCUSDT.BYBIT"].first_open == START + 6 * HOUR
    assert fill_gaps(store, venue, a_range(), START + DAY) == []
    assert len(venue.requests) == 1


def test_a_venue_that_cannot_be_asked_proves_no_listing(store: PostgresBarStore) -> None:
    store.append_raw(walk(count=24)[6:], BarSource.WEBSOCKET)
    venue = RecordedMarketData([], START + DAY, frozenset({"BTCUSDT.BYBIT"}))
    [report] = fill_gaps(store, venue, a_range(), START + DAY)
    assert len(report.missing) == 6
    assert store.first_available_bars(["BTCUSDT.BYBIT"], Timeframe.H1) == {}


def test_a_hole_after_older_bars_is_no_listing(store: PostgresBarStore) -> None:
    scope = a_range(start=START + 80 * DAY)
    bars = walk(count=24 * 81)
    place = (scope.window_start - START) // HOUR
    gappy = without(bars, place, place + 1)
    store.append_raw(gappy, BarSource.REST)
    [report] = fill_gaps(store, RecordedMarketData(gappy, START + 81 * DAY), scope, START + 81 * DAY)
    assert report.missing == (scope.window_start, scope.window_start + HOUR)


def test_an_earlier_start_asks_for_the_listing_again(store: PostgresBarStore) -> None:
    venue = RecordedMarketData(walk(start=START + 30 * HOUR, count=18), START + 2 * DAY)
    fill_gaps(store, venue, a_range(start=START + DAY, history_start=START + DAY), START + 2 * DAY)
    assert fill_gaps(store, venue, a_range(start=START + DAY), START + 2 * DAY) == [
        GapReport("BTCUSDT.BYBIT", 0, (), "")
    ]
    assert store.first_available_bars(["BTCUSDT.BYBIT"], Timeframe.H1)["BTCUSDT.BYBIT"].asked_from == START


def asked(store: PostgresBarStore, venue: RecordedMarketData, minutes: int) -> GapReport:
    """The one report of a question some minutes after the day has ended."""
    now = START + DAY + timedelta(minutes=minutes)
    [report] = fill_gaps(store, venue, a_range(), now)
    return report


def test_a_bar_lacking_twice_is_an_outage(store: PostgresBarStore) -> None:
    venue = RecordedMarketData(without(walk(count=24), 7, 8, 20), START + DAY)
    lost = (START + 7 * HOUR, START + 8 * HOUR, START + 20 * HOUR)
    first, soon, again = (asked(store, venue, minutes) for minutes in (0, 4, 5))
    assert [(one.missing, one.lost) for one in (first, soon, again)] == [(lost, ()), (lost, ()), ((), lost)]
    [outage, other] = store.outages(["BTCUSDT.BYBIT"], Timeframe.H1)["BTCUSDT.BYBIT"]
    assert (outage.first_open, outage.end, other.first_open) == (lost[0], START + 9 * HOUR, lost[2])
    assert (outage.asked_at, outage.asked_again_at) == (START + DAY, START + DAY + timedelta(minutes=5))
    assert outage.answer == "; ".join(
        f"asked at 2025-03-02 00:0{minute}:00 UTC the venue had none of 3 bars opening from 2025-03-01 07:00 "
        "to 2025-03-01 20:00"
        for minute in (0, 5)
    )


def test_an_accepted_outage_is_asked_for_no_more(store: PostgresBarStore) -> None:
    venue = RecordedMarketData(without(walk(count=24), 7), START + DAY)
    for minutes in (0, 10):
        asked(store, venue, minutes)
    asked_so_far = len(venue.requests)
    assert fill_gaps(store, venue, a_range(), START + DAY + HOUR) == []
    assert len(venue.requests) == asked_so_far
    [refused] = fill_gaps(store, venue, a_range(policy=HolePolicy.REFUSE), START + DAY + HOUR)
    assert (refused.missing, len(venue.requests)) == ((START + 7 * HOUR,), asked_so_far + 1)


def test_a_venue_that_does_not_answer_has_lost_nothing(store: PostgresBarStore) -> None:
    store.append_raw(without(walk(count=24), 7), BarSource.WEBSOCKET)
    venue = RecordedMarketData([], START + DAY, frozenset({"BTCUSDT.BYBIT"}))
    assert [asked(store, venue, minutes).lost for minutes in (0, 10, 20)] == [(), (), ()]
    assert store.outages(["BTCUSDT.BYBIT"], Timeframe.H1) == {}


def test_a_bar_just_closed_is_not_lost(store: PostgresBarStore) -> None:
    venue = RecordedMarketData(walk(count=23), START + DAY)
    reports = [
        fill_gaps(store, venue, a_range(), START + DAY + timedelta(seconds=seconds))[0] for seconds in (30, 60, 360)
    ]
    assert [len(one.lost) for one in reports] == [0, 0, 1]


NINETY = 90 * 24
"""Hours of history: more than two pages of a venue."""


def judged_whole(database: Engine, venue: RecordedMarketData, history: PostgresBulkBarStore | None) -> BarsReport:
    """Ninety days of hours, as the asset of 1h refreshes them."""
    scope, checks = a_range(days=90), PostgresCheckStore(database)
    return refresh_bars(PostgresBarStore(database), checks, venue, scope, START + 90 * DAY, history=history)


def test_pages_of_history_that_are_copied_leave_the_rows_that_bars_one_by_one_leave(database: Engine) -> None:
    vertical, venue = Vertical(database), RecordedMarketData(without(walk(count=NINETY), 1500), START + 90 * DAY)
    # What was heard of a day in the middle cuts the hole, and not all of it was consolidated.
    heard, rows = walk(count=NINETY)[1100:1124], []
    for history in (None, PostgresBulkBarStore(database)):
        vertical.wipe()
        vertical.bars.append_raw(heard, BarSource.WEBSOCKET)
        report = judged_whole(database, venue, history)
        assert (report.changed, report.checks.bars) == (NINETY - 1, NINETY - 1)
        assert [(gap.healed, gap.missing) for gap in report.gaps] == [(NINETY - 25, (START + 1500 * HOUR,))]
        rows.append({table: vertical.rows()[table] for table in ("bars", "data_checks")})
    assert rows[0] == rows[1]
    assert report.gaps[0].copied == ((START, START + 1100 * HOUR), (START + 1124 * HOUR, START + 90 * DAY))
    assert judged_whole(database, venue, history).changed == 0


def test_pages_before_a_failure_are_kept_and_those_after_it_are_missing(
    store: PostgresBarStore, database: Engine
) -> None:
    venue = _BreaksDown(walk(count=NINETY), START + 90 * DAY)
    [report] = fill_gaps(store, venue, a_range(days=90), START + 90 * DAY, PostgresBulkBarStore(database))
    assert (report.healed, report.failure, report.copied) == (1000, "no answer within 10 s", ())
    assert report.missing[0] == START + 1000 * HOUR
    assert (
        len(store.missing(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 90 * DAY)["BTCUSDT.BYBIT"]) == NINETY - 1000
    )


class _BreaksDown(RecordedMarketData):
    """Answers for the first page of history."""

    def bars(self, instrument_id: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        if start > START:
            raise TemporaryVenueError("no answer within 10 s")
        return super().bars(instrument_id, timeframe, start, end)
