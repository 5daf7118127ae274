"""Candles in memory, and several timeframes of them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event

import pytest

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.candles import Candle, bucket_start, interval_named, resampled
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.multi_timeframe import multi_timeframe
from trading_pipeline.services.market_data.working_set import KEPT, MOST_KEYS, WorkingSet
from trading_pipeline_tests.testkit.builders import START, a_bar, walk
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC = InstrumentId("BTCUSDT.BYBIT")
MINUTES = walk(BTC, count=1_200, timeframe=Timeframe.M1)
NOW = START + timedelta(minutes=1_200)


@dataclass
class Set:
    """A working set with its venue and clocks."""

    venue: RecordedMarketData = field(default_factory=lambda: RecordedMarketData(MINUTES, NOW))
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    seconds: float = 100.0
    kept: list[Bar] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.working = WorkingSet(self.venue, self.clock, lambda: self.seconds, self.kept.extend)

    def at(self, now: datetime) -> None:
        self.venue.time = now
        self.clock.set(now)


@pytest.fixture
def held() -> Set:
    return Set()


def test_the_newest_five_hundred_are_asked_for_once(held: Set) -> None:
    candles = held.working.candles(BTC, Timeframe.M1)
    assert candles == [Candle.of(bar) for bar in MINUTES[-KEPT:]]
    assert held.working.candles(BTC, Timeframe.M1) == candles
    assert (len(held.venue.requests), len(held.kept)) == (1, 1_000)


@pytest.mark.parametrize("limit", [99, 1001])
def test_a_load_limit_outside_its_range_is_refused(held: Set, limit: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"load_limit {limit} is outside 100\.\.1000"):
        held.working.candles(BTC, Timeframe.M1, limit)


def test_of_bars_of_one_time_the_later_told_counts(held: Set) -> None:
    held.venue.recorded = [*MINUTES, replace(MINUTES[-1], volume=MINUTES[-1].volume + 1)]
    candles = held.working.candles(BTC, Timeframe.M1)
    assert candles[-1].volume == float(MINUTES[-1].volume) + 1
    assert len({candle.time for candle in candles}) == KEPT


def test_many_who_ask_at_once_are_one_request(held: Set) -> None:
    arrived, go_on = Event(), Event()

    class Slow(RecordedMarketData):
        def bars(self, *asked: object) -> list[Bar]:
            arrived.set()
            go_on.wait(10)
            return super().bars(*asked)  # type: ignore[arg-type]

    venue = Slow(MINUTES, NOW)
    working = WorkingSet(venue, held.clock, lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(working.candles, BTC, Timeframe.M1)
        arrived.wait(10)
        others = [pool.submit(working.candles, BTC, Timeframe.M1) for _ in range(7)]
        go_on.set()
        assert all(other.result() == first.result() for other in others)
    assert len(venue.requests) == 1


def test_a_failure_is_remembered_for_five_seconds_and_no_longer(held: Set) -> None:
    held.venue.failing = frozenset({BTC})
    for _ in range(2):
        with pytest.raises(TemporaryVenueError):
            held.working.candles(BTC, Timeframe.M1)
    assert len(held.venue.requests) == 1
    held.venue.failing = frozenset()
    held.seconds += 5
    assert len(held.working.candles(BTC, Timeframe.M1)) == KEPT


def test_nothing_found_is_asked_for_again(held: Set) -> None:
    held.venue.recorded = []
    assert held.working.candles(BTC, Timeframe.M1) == []
    held.venue.recorded = MINUTES
    assert len(held.working.candles(BTC, Timeframe.M1)) == KEPT


def test_a_heard_bar_is_appended_to_the_set(held: Set) -> None:
    held.working.candles(BTC, Timeframe.M1)
    heard = a_bar(BTC, NOW, Timeframe.M1)
    held.working.put(heard)
    held.at(NOW + timedelta(minutes=2))
    candles = held.working.candles(BTC, Timeframe.M1)
    assert (candles[-1], len(candles), len(held.venue.requests)) == (Candle.of(heard), KEPT, 1)
    held.at(NOW + timedelta(minutes=3))
    held.working.candles(BTC, Timeframe.M1)
    assert len(held.venue.requests) == 2


def test_the_key_that_was_unused_longest_is_dropped(held: Set) -> None:
    names = [InstrumentId(f"C{n}USDT.BYBIT") for n in range(MOST_KEYS + 1)]
    held.venue.recorded = [a_bar(name, NOW - timedelta(minutes=1), Timeframe.M1) for name in names]
    for name in (*names, names[1], names[0]):
        held.working.candles(name, Timeframe.M1)
    assert [asked[0] for asked in held.venue.requests[-2:]] == [names[-1], names[0]]


@pytest.mark.parametrize(
    ("time", "interval", "start"),
    [
        (1_729_480_800, "3", 1_729_480_680),
        (1_729_468_740, "W", 1_728_864_000),
        (1_729_468_800, "W", 1_729_468_800),
        (1_729_468_740, "D", 1_729_382_400),
        (1_729_468_800, "D", 1_729_468_800),
        (0, "W", -259_200),
    ],
)
def test_buckets_begin_in_utc_and_weeks_on_monday(time: int, interval: str, start: int) -> None:
    assert bucket_start(time, interval) == start


def test_an_incomplete_coarse_candle_says_so() -> None:
    minutes = [Candle(60 * n, 10 + n, 12 + n, 9 + n, 11 + n, 1) for n in (1, 2, 3, 4, 5, 6, 8, 9)]
    assert resampled(minutes, "1", "3") == [
        Candle(0, 11, 14, 10, 13, 2, complete=False),
        Candle(180, 13, 17, 12, 16, 3),
        Candle(360, 16, 20, 15, 19, 2, complete=False),
        Candle(540, 19, 21, 18, 20, 1, complete=False),
    ]


@pytest.mark.parametrize(("base", "target"), [("5", "1"), ("2", "5"), ("W", "D")])
def test_what_is_no_multiple_of_the_base_is_refused(base: str, target: str) -> None:
    with pytest.raises(ConfigurationError, match="is no multiple of"):
        resampled([], base, target)


@pytest.mark.parametrize(
    "text", ["", "0", "1M", "-5", "1.5", "x", "100000", "1\u0665", "1_0", "+5", "1e3", "D,W", "15\n15"]
)
def test_an_interval_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown interval"):
        interval_named(text)


def test_aligned_views_hold_what_was_asked_for_made_of_one_base(held: Set) -> None:
    views = multi_timeframe(held.working, BTC, ["15", "1h"], base="1")
    assert list(views) == ["15", "1h"]
    assert [len(candles) for candles in views.values()] == [34, 9]
    assert views["1h"] == resampled(held.working.candles(BTC, Timeframe.M1), "1", "60")
    assert len(held.venue.requests) == 1


def test_more_of_the_base_is_read_where_it_is_stored(held: Set) -> None:
    asked = []

    def stored(instrument_id: InstrumentId, timeframe: Timeframe, count: int) -> list[Candle]:
        asked.append(count)
        return [Candle.of(bar) for bar in MINUTES[-count:]]

    views = multi_timeframe(held.working, BTC, ["1", "2", "W"], stored=stored)
    assert asked == [50_000]
    assert [len(candles) for candles in views.values()] == [500, 500, 1]
    assert views["2"][0].complete


def test_without_alignment_one_interval_that_fails_leaves_the_others(held: Set) -> None:
    views = multi_timeframe(held.working, BTC, ["1", "7"], aligned=False)
    assert (len(views["1"]), views["7"]) == (KEPT, [])
    with pytest.raises(ConfigurationError, match="intervals is empty"):
        multi_timeframe(held.working, BTC, [])


def test_more_intervals_than_anybody_looks_at_are_refused_before_anything_is_read(held: Set) -> None:
    with pytest.raises(ConfigurationError, match="13 intervals; ask for at most 12"):
        multi_timeframe(held.working, BTC, [str(minutes) for minutes in range(1, 14)])
    assert held.venue.requests == []


def test_bars_heard_elsewhere_are_appended_up_to_holes() -> None:
    venue, later = RecordedMarketData(MINUTES[:1_000], MINUTES[999].close_time), MINUTES[1_000:1_003]
    heard, looks = [*later, MINUTES[1_004]], []

    def looked(_: object, __: object, since: datetime) -> list[Bar]:
        looks.append(since)
        return [bar for bar in heard if bar.open_time >= since]

    clock = FakeClock(venue.time)
    working = WorkingSet(venue, clock, lambda: 0.0, heard=looked)
    working.candles(BTC, Timeframe.M1)
    clock.advance(timedelta(seconds=59))
    assert working.candles(BTC, Timeframe.M1)[-1] == Candle.of(MINUTES[999])
    # nothing has closed since, so nobody was asked for it
    assert looks == []
    clock.advance(timedelta(seconds=1))
    newest = working.candles(BTC, Timeframe.M1)[-4:]
    assert newest == [Candle.of(bar) for bar in MINUTES[999:1_003]]
    assert (len(venue.requests), looks) == (1, [MINUTES[1_000].open_time])
