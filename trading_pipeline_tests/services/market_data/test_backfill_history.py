"""History, page by page."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from trading_pipeline.adapters.stores.market_data.backfill_log import PostgresBackfillLog
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.stores.postgres.tables import backfill_runs
from trading_pipeline.domain.model.backfills import (
    BackfillProgress,
    BackfillRequest,
    BackfillRun,
    require_allowed,
    timeframe_typed,
)
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.backfill_history import backfill_history
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC = InstrumentId("BTCUSDT.BYBIT")
MINUTE = timedelta(minutes=1)
BARS = walk(BTC, count=10_080, timeframe=Timeframe.M1)
WEEK = BackfillRequest(BTC, Timeframe.M1, START, START + timedelta(days=7))


@dataclass
class Backfills:
    """Backfills of one database, each in a run of its own."""

    engine: Engine
    venue: RecordedMarketData = field(default_factory=lambda: RecordedMarketData(BARS, START + timedelta(days=7)))

    def run(
        self, run_id: str, request: BackfillRequest = WEEK, told: Callable[[BackfillProgress], None] = lambda _: None
    ) -> BackfillProgress:
        run = BackfillRun(run_id, BarSource.REST, request.instrument_id, request.timeframe, "somebody", {"days": 7})
        store = PostgresBulkBarStore(self.engine, run_id)
        return backfill_history(request, run, self.venue, store, PostgresBackfillLog(self.engine), told)

    def count(self) -> int:
        return len(PostgresBarStore(self.engine).frame([BTC], Timeframe.M1, START, START + timedelta(days=9)))

    def record(self, run_id: str) -> tuple[str, int, int, bool, str]:
        row = backfill_runs.c
        query = select(row.status, row.upserts, row.pages, row.truncated, row.error).where(row.run_id == run_id)
        with self.engine.connect() as connection:
            return tuple(connection.execute(query).one())


@pytest.fixture
def backfills(database: Engine) -> Backfills:
    return Backfills(database)


def test_a_week_of_minutes_is_eleven_pages_and_a_repetition_none(backfills: Backfills) -> None:
    told: list[int] = []
    done = backfills.run("a", told=lambda progress: told.append(progress.pages))
    assert (done.upserts, done.pages, done.truncated) == (10_080, 11, False)
    assert told == sorted(told)
    assert told[-1] == 11
    assert (backfills.count(), backfills.run("b").pages, backfills.count()) == (10_080, 0, 10_080)
    assert backfills.record("a") == ("SUCCEEDED", 10_080, 11, False, "")


def test_a_lost_bar_is_asked_for_until_confirmed(backfills: Backfills) -> None:
    lost = [bar.open_time for bar in BARS[1_500:1_510]]
    backfills.venue.recorded = [bar for bar in BARS if bar.open_time not in lost]
    assert (backfills.run("a").pages, backfills.run("b").pages) == (11, 1)
    absent, asked = PostgresBarStore(backfills.engine), START + timedelta(days=7)
    for minutes in (0, 5):
        absent.note_absent(BTC, Timeframe.M1, lost, asked + minutes * MINUTE, "empty", 5 * MINUTE)
    assert backfills.run("c").pages == 0


def test_a_cap_on_pages_leaves_some_for_later(backfills: Backfills) -> None:
    done = backfills.run("a", replace(WEEK, max_pages=4))
    assert (done.upserts, done.pages, done.truncated) == (4_000, 4, True)
    assert backfills.record("a")[3] is True
    rest = backfills.run("b")
    assert (rest.upserts, rest.pages, backfills.count()) == (6_080, 7, 10_080)


def test_a_cap_of_just_enough_pages_truncates_nothing(backfills: Backfills) -> None:
    assert backfills.run("a", replace(WEEK, max_pages=11)).truncated is False


def test_what_was_fetched_before_the_venue_failed_is_kept(backfills: Backfills) -> None:
    def fail(_: BackfillProgress) -> None:
        backfills.venue.failing = frozenset({BTC})

    with pytest.raises(TemporaryVenueError):
        backfills.run("a", replace(WEEK, page_limit=100), fail)
    status, upserts, pages, _, error = backfills.record("a")
    assert (status, backfills.count()) == ("FAILED", upserts)
    assert 1 <= pages < 101
    assert "no answer" in error
    backfills.venue.failing = frozenset()
    backfills.run("b")
    assert backfills.count() == 10_080


@dataclass
class FailingLater(RecordedMarketData):
    """Has no answer about bars from a time on."""

    def bars(self, instrument_id: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        if start >= START + 5_000 * MINUTE:
            raise TemporaryVenueError("no answer within 10 s")
        return super().bars(instrument_id, timeframe, start, end)


def test_every_page_before_one_that_failed_is_kept_whichever_came_first(database: Engine) -> None:
    backfills = Backfills(database, FailingLater(BARS, START + timedelta(days=7)))
    with pytest.raises(TemporaryVenueError):
        backfills.run("a")
    assert backfills.record("a")[:3] == ("FAILED", 5_000, 5)
    assert backfills.count() == 5_000


def test_a_run_that_somebody_ends_says_so(backfills: Backfills) -> None:
    def interrupt(_: BackfillProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfills.run("a", replace(WEEK, page_limit=100), interrupt)
    status, upserts, pages, _, error = backfills.record("a")
    assert (status, upserts, error) == ("CANCELED", 100 * pages, "KeyboardInterrupt()")
    assert pages < 101
    assert backfills.count() == upserts


def test_the_bar_that_still_forms_is_left_out(backfills: Backfills) -> None:
    backfills.venue.time = START + 90 * MINUTE + timedelta(seconds=30)
    assert backfills.run("a").upserts == 90
    backfills.venue.time = START
    assert backfills.run("b").pages == 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"end": START}, "is not before end"),
        ({"end": START + timedelta(seconds=59)}, "is not before end"),
        ({"page_limit": 0}, r"page 0 is outside 1\.\.1000"),
        ({"page_limit": 1001}, r"page 1001 is outside 1\.\.1000"),
        ({"max_pages": 5001}, r"max_pages 5001 is outside 1\.\.5000"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        replace(WEEK, **change)


def test_an_instrument_that_is_not_listed_is_refused_with_the_nearest(backfills: Backfills) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown instrument 'BTCUSTD.BYBIT'; did you mean BTCUSDT.BYBIT\?"):
        backfills.run("a", replace(WEEK, instrument_id=InstrumentId("BTCUSTD.BYBIT")))


def test_lists_allow_what_they_name_and_an_empty_one_everything() -> None:
    require_allowed("BTCUSDT", (), "symbol")
    require_allowed("BTCUSDT", ("BTCUSDT",), "symbol")
    with pytest.raises(ConfigurationError, match="symbol ETHUSDT may not be backfilled here; allowed: BTCUSDT"):
        require_allowed("ETHUSDT", ("BTCUSDT",), "symbol")


@pytest.mark.parametrize(("typed", "meant"), [("1", "1m"), ("60", "1h"), ("1h", "1h"), ("D", "1d"), ("480", "8h")])
def test_an_interval_is_typed_as_venues_or_people_write_it(typed: str, meant: str) -> None:
    assert timeframe_typed(typed) == meant


@pytest.mark.parametrize(
    ("typed", "problem"), [("61", "the nearest is 1h"), ("3", "is 1m"), ("W", "is 1d"), ("x", "1m, 5m")]
)
def test_an_interval_that_there_is_not_is_refused_with_the_nearest(typed: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=f"unknown interval '{typed}'; .*{problem}"):
        timeframe_typed(typed)
