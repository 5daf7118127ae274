"""Bars from a socket into a real database, and from REST what the socket did not bring."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.venues.bybit.streams import BybitMarketStream
from trading_pipeline.adapters.venues.deriving_market_data import DerivingMarketData
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.derived_bars import Derivations
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.runtime.feed.backoff import Backoff
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.public import PublicFeed
from trading_pipeline_tests.runtime.feed.socket_venue import SocketVenue, socket_venue, until
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import ListStream, RecordedMarketData

HOUR = timedelta(hours=1)
INSTRUMENT_IDS = (InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT"))
RECORDED = {instrument_id: walk(instrument_id, count=10) for instrument_id in INSTRUMENT_IDS}
Scenario = Callable[[SocketVenue, PublicFeed, RecordedMarketData], Awaitable[None]]


def a_push(bar: Bar) -> str:
    row = {
        "start": to_ms(bar.open_time),
        "interval": "60",
        "confirm": True,
        **{name: str(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume", "turnover")},
    }
    return json.dumps({"topic": f"kline.60.{bar.instrument_id.symbol}", "data": [row]})


def told(database: Engine) -> list[tuple[str, int, str]]:
    """Instrument, hour of the open and source of every raw bar."""
    with database.connect() as connection:
        rows = connection.execute(
            text("SELECT instrument_id, open_time, source FROM trading.raw_bars ORDER BY 2, 1, 3")
        )
        return [(instrument_id, (opened - START) // HOUR, source) for instrument_id, opened, source in rows]


def waves(database: Engine) -> list[int]:
    """Hours since the start at which waves were opened."""
    with database.connect() as connection:
        closes = connection.execute(text("SELECT close_time FROM trading.waves ORDER BY 1")).scalars()
        return [(close - START) // HOUR for close in closes]


def with_feed(
    database: Engine,
    hours: float,
    scenario: Scenario,
    instrument_ids: Sequence[str] = INSTRUMENT_IDS[:1],
    derivations: Derivations | None = None,
    lost: Collection[int] = (),
) -> ListStream:
    """Run a feed on a venue whose clock stands ``hours`` after the start; return what it published.

    :param lost: hours that the venue does not have.
    """
    made = derivations or {}
    known = [bar for bars in RECORDED.values() for place, bar in enumerate(bars) if place not in lost]
    market = RecordedMarketData(known, START + hours * HOUR)
    stream = ListStream()

    async def run() -> None:
        async with socket_venue() as venue:
            feed = PublicFeed(
                [(instrument_id, timeframe) for instrument_id in instrument_ids for timeframe in (Timeframe.H1, *made)],
                PostgresBarStore(database),
                stream,
                DerivingMarketData(market, made),
                derivations=made,
            )
            await feed.begin()
            bars = BybitMarketStream(venue.url, instrument_ids, [Timeframe.H1])
            link = Link(bars, feed, Backoff(shortest_s=0.01, longest_s=0.02))
            tasks = [asyncio.create_task(part) for part in (link.run(), feed.store_bars(), feed.fill_in())]
            try:
                await venue.subscribed.wait()
                await scenario(venue, feed, market)
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    asyncio.run(run())
    return stream


def test_a_confirmed_bar_is_stored_and_published_once(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 1)  # closed just now, by REST
        for _ in range(3):
            await venue.push(a_push(RECORDED["BTCUSDT.BYBIT"][2]))
        await until(lambda: len(told(database)) == 2)

    stream = with_feed(database, 2, scenario)
    assert told(database) == [("BTCUSDT.BYBIT", 1, "rest"), ("BTCUSDT.BYBIT", 2, "websocket")]
    assert [event.close_time for event in stream.published] == [START + 2 * HOUR, START + 3 * HOUR]


def test_bars_of_one_instant_share_one_wave(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 2)
        for instrument_id in INSTRUMENT_IDS:
            await venue.push(a_push(RECORDED[instrument_id][2]))
        await until(lambda: len(told(database)) == 4)

    with_feed(database, 2, scenario, INSTRUMENT_IDS)
    assert waves(database) == [2, 3]


def test_a_malformed_frame_is_buried_and_its_bar_fetched(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 1)
        market.time += HOUR
        await venue.push(a_push(RECORDED["BTCUSDT.BYBIT"][2])[:-9])
        await until(lambda: len(told(database)) == 2)
        await venue.push(a_push(RECORDED["BTCUSDT.BYBIT"][3]))
        await until(lambda: len(told(database)) == 3)

    stream = with_feed(database, 2, scenario)
    assert [source for _, _, source in told(database)] == ["rest", "rest", "websocket"]
    assert [(source, reason.split(":")[0]) for source, _, reason in stream.dead] == [("feed.public", "not JSON")]
    assert waves(database) == [2, 3, 4]


def test_bars_that_closed_while_the_feed_was_down_are_fetched(database: Engine) -> None:
    PostgresBarStore(database).append_raw(RECORDED["BTCUSDT.BYBIT"][:3], BarSource.FILE)

    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 8)

    stream = with_feed(database, 8, scenario)
    assert [hour for _, hour, _ in told(database)] == list(range(8))
    # a decision on the last of them is still valid, the others only complete the history
    assert [event.close_time for event in stream.published] == [START + 8 * HOUR]
    assert waves(database) == [8]


def test_bars_that_closed_while_the_link_was_down_are_fetched(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 1)
        market.time += 2 * HOUR
        await venue.drop()
        await until(lambda: len(told(database)) == 3)

    with_feed(database, 2, scenario)
    assert [hour for _, hour, _ in told(database)] == [1, 2, 3]


def test_after_a_reconnection_the_newest_bars_are_compared(database: Engine) -> None:
    bars = RECORDED["BTCUSDT.BYBIT"]

    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 1)
        await venue.push(a_push(replace(bars[2], close=bars[2].low)))
        await venue.push(a_push(bars[3]))
        await until(lambda: len(told(database)) == 3)
        market.time += 2 * HOUR
        await venue.drop()
        await until(lambda: len(told(database)) == 4)

    stream = with_feed(database, 2, scenario)
    assert told(database)[1:3] == [("BTCUSDT.BYBIT", 2, "rest"), ("BTCUSDT.BYBIT", 2, "websocket")]
    assert [event.close_time for event in stream.published] == [START + hour * HOUR for hour in (2, 3, 4)]


def test_a_bar_that_never_comes_is_asked_for(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 1)
        market.time += HOUR
        await until(lambda: len(told(database)) == 2)

    with_feed(database, 2, scenario)
    assert waves(database) == [2, 3]


def test_an_empty_store_is_left_to_the_backfill(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await venue.push(a_push(RECORDED["BTCUSDT.BYBIT"][6]))
        await until(lambda: len(told(database)) == 1)

    with_feed(database, 5.5, scenario)
    assert told(database) == [("BTCUSDT.BYBIT", 6, "websocket")]


def test_a_bar_outside_the_universe_is_buried(database: Engine) -> None:
    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await venue.push(a_push(RECORDED["SOLUSDT.BYBIT"][2]))
        await venue.push(a_push(RECORDED["BTCUSDT.BYBIT"][2]))
        await until(lambda: ("BTCUSDT.BYBIT", 2, "websocket") in told(database))
        # buried once the bars of the same moment are stored
        await until(lambda: bool(cast("ListStream", feed.stream).dead))

    stream = with_feed(database, 2, scenario)
    assert "SOLUSDT.BYBIT" in stream.dead[0][2]
    assert {instrument_id for instrument_id, _, _ in told(database)} == {"BTCUSDT.BYBIT"}


EIGHT = {Timeframe.H8: Timeframe.H1}


def eight_hours(database: Engine) -> list[tuple[int, str]]:
    """Hour of the open and source of the raw bars of eight hours."""
    query = "SELECT open_time, source FROM trading.raw_bars WHERE timeframe = '8h' ORDER BY 1"
    with database.connect() as connection:
        return [((opened - START) // HOUR, source) for opened, source in connection.execute(text(query))]


def test_a_late_start_still_completes_eight_hours(database: Engine) -> None:
    bars = RECORDED[INSTRUMENT_IDS[0]]
    PostgresBarStore(database).append_raw(bars[:5], BarSource.WEBSOCKET)

    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: len(told(database)) == 7)  # two closed while it was down
        market.time = START + 8 * HOUR
        await venue.push(a_push(bars[7]))
        await until(lambda: eight_hours(database) == [(0, "websocket")])

    stream = with_feed(database, 7.01, scenario, derivations=EIGHT)
    closed = BarClosed(INSTRUMENT_IDS[0], Timeframe.H8, START + 8 * HOUR)
    assert closed in stream.published
    assert waves(database)[-2:] == [8, 8]


def test_an_incomplete_eight_hour_bar_is_asked_for(database: Engine) -> None:
    bars = RECORDED[INSTRUMENT_IDS[0]]
    PostgresBarStore(database).append_raw([*bars[:2], *bars[3:7]], BarSource.WEBSOCKET)

    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        market.time = START + 8 * HOUR
        await venue.push(a_push(bars[7]))
        await until(lambda: eight_hours(database) == [(0, "rest")])

    with_feed(database, 7.01, scenario, derivations=EIGHT)
    assert waves(database)[-2:] == [8, 8]


def test_a_lost_bar_is_asked_for_twice(database: Engine) -> None:
    btc = INSTRUMENT_IDS[0]
    store = PostgresBarStore(database)
    store.append_raw(RECORDED[btc][:2], BarSource.REST)

    async def scenario(venue: SocketVenue, feed: PublicFeed, market: RecordedMarketData) -> None:
        await until(lambda: noted(database) == [(2, False), (3, False)])
        assert feed.coverage.missing(market.time) == {(btc, Timeframe.H1): START + 2 * HOUR}
        market.time += timedelta(minutes=5)
        feed.connected()
        await until(lambda: noted(database) == [(2, True), (3, True)])
        await until(lambda: feed.coverage.missing(market.time) == {})

    with_feed(database, 6, scenario, lost=(2, 3))
    [outage] = store.outages([btc], Timeframe.H1)[btc]
    assert (outage.first_open, outage.end) == (START + 2 * HOUR, START + 4 * HOUR)


def noted(database: Engine) -> list[tuple[int, bool]]:
    """Hours that were asked for in vain, and whether twice."""
    with database.connect() as connection:
        rows = connection.execute(text("SELECT open_time, asked_again_at FROM trading.absent_bars ORDER BY 1"))
        return [((opened - START) // HOUR, again is not None) for opened, again in rows]
