"""The book at the close of bars, beside bars and never before them."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import OrderBook
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.feed.books import BookSampler, BookTimeframes
from trading_pipeline_tests.runtime.feed.socket_venue import until
from trading_pipeline_tests.testkit.builders import START, a_bar
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import FakeMarket

HOUR = timedelta(hours=1)
CLOSE = START + HOUR
BARS = [a_bar(instrument_id) for instrument_id in ("BTCUSDT.BYBIT", "SOLUSDT.BYBIT")]
HOURLY = frozenset({Timeframe.H1})


def kept(database: Engine) -> list[tuple[str, int]]:
    """Instrument and hour of every sample."""
    with database.connect() as connection:
        rows = connection.execute(text("SELECT instrument_id, close_time FROM trading.book_samples ORDER BY 2, 1"))
        return [(instrument_id, (close - START) // HOUR) for instrument_id, close in rows]


def with_sampler(
    database: Engine,
    market: FakeMarket,
    wanted: Callable[[], BookTimeframes],
    bars: list[Bar],
    done: Callable[[], bool],
) -> None:
    """Tell a sampler of bars and wait until ``done``."""

    async def run() -> None:
        sampler = BookSampler(market, PostgresBookSampleStore(database), wanted)
        task = asyncio.create_task(sampler.sample())
        for bar in bars:
            sampler.bar_closed(bar)
        try:
            await until(done)
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())


def test_bars_that_close_together_have_one_sample_per_symbol(database: Engine) -> None:
    market = FakeMarket(FakeClock(CLOSE + timedelta(seconds=1)))
    quarters = [a_bar(bar.instrument_id, CLOSE - timedelta(minutes=15), Timeframe.M15) for bar in BARS]
    wanted = {bar.instrument_id: frozenset({Timeframe.M15, Timeframe.H1}) for bar in BARS}
    heard = [*quarters, *BARS, *quarters]
    with_sampler(database, market, lambda: wanted, heard, lambda: len(kept(database)) == 2)
    assert kept(database) == [("BTCUSDT.BYBIT", 1), ("SOLUSDT.BYBIT", 1)]
    assert sorted(market.asked) == ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"]


def test_closes_that_no_strategy_decides_at_cost_no_question(database: Engine) -> None:
    market = FakeMarket(FakeClock(CLOSE))
    early = a_bar("SOLUSDT.BYBIT", CLOSE - timedelta(minutes=30), Timeframe.M15)
    with_sampler(database, market, lambda: {"SOLUSDT.BYBIT": HOURLY}, [early, *BARS], lambda: bool(kept(database)))
    assert market.asked == ["SOLUSDT.BYBIT"]


def test_a_failed_book_leaves_its_close_unknown(database: Engine) -> None:
    market = FakeMarket(FakeClock(CLOSE), {"BTCUSDT.BYBIT": TemporaryVenueError("no answer within 2 s")})
    old = a_bar("SOLUSDT.BYBIT", START - HOUR)
    wanted = {"BTCUSDT.BYBIT": HOURLY, "SOLUSDT.BYBIT": HOURLY}
    with_sampler(database, market, lambda: wanted, [old, *BARS], lambda: bool(kept(database)))
    assert kept(database) == [("SOLUSDT.BYBIT", 1)]
    assert sorted(market.asked) == ["BTCUSDT.BYBIT", "SOLUSDT.BYBIT", "SOLUSDT.BYBIT"]


def test_a_slow_symbol_keeps_no_other_waiting(database: Engine) -> None:
    answer = threading.Event()

    class SlowMarket(FakeMarket):
        def order_book(self, instrument_id: str) -> OrderBook:
            if instrument_id == "BTCUSDT.BYBIT":
                answer.wait(60)
            return super().order_book(instrument_id)

    wanted = {"BTCUSDT.BYBIT": HOURLY, "SOLUSDT.BYBIT": HOURLY}

    def other_came_first() -> bool:
        if kept(database) == [("SOLUSDT.BYBIT", 1)]:
            answer.set()
        return len(kept(database)) == 2

    with_sampler(database, SlowMarket(FakeClock(CLOSE)), lambda: wanted, BARS, other_came_first)


def test_a_broken_configuration_stops_samples_alone(database: Engine) -> None:
    said = threading.Event()

    def refuse() -> BookTimeframes:
        said.set()
        raise ConfigurationError("strategies contains no *.yaml file")

    market = FakeMarket(FakeClock(CLOSE))
    with_sampler(database, market, refuse, BARS, said.is_set)
    assert market.asked == []
