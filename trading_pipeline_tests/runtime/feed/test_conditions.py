"""What stands between bars: how often it is kept, and what is left out."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_pipeline.adapters.venues.bybit.streams import BybitConditionsStream
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.local_books import BookSnapshot
from trading_pipeline.domain.model.market_feeds import BookFeed, MarketFeeds, TickerFeed
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.tickers import TICKER_FIELDS, Ticker, TickerChange
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.ports.stores.market_data.tape_store import TapeStore
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.feed.conditions import ConditionsFeed
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline_tests.runtime.feed.socket_venue import socket_venue, until
from trading_pipeline_tests.testkit.fakes_market_data import ListStream

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")
WHOLE = {**dict.fromkeys(TICKER_FIELDS, Decimal(100)), "next_funding_at": AT + timedelta(hours=4)}


@dataclass
class TickerShelf(TickerStore):
    """Keeps what is appended."""

    kept: list[Ticker] = field(default_factory=list)

    def append(self, tickers: Sequence[Ticker]) -> None:
        """At the end."""
        self.kept.extend(tickers)

    def newest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Ticker]:
        """The last of each."""
        return {one.instrument_id: one for one in self.kept if one.instrument_id in instrument_ids}


@dataclass
class Tape(TapeStore):
    """Keeps what is appended."""

    books: list[BookSnapshot] = field(default_factory=list)
    trades: list[PublicTrade] = field(default_factory=list)

    def append_books(self, snapshots: Sequence[BookSnapshot]) -> None:
        """At the end."""
        self.books.extend(snapshots)

    def append_trades(self, trades: Sequence[PublicTrade]) -> None:
        """At the end."""
        self.trades.extend(trades)


def a_feed(
    feeds: MarketFeeds,
    tickers: TickerStore | None = None,
    tape: TapeStore | None = None,
    stream: EventStream | None = None,
    noticed: list[QualityEvent] | None = None,
) -> ConditionsFeed:
    events: list[QualityEvent] = [] if noticed is None else noticed
    return ConditionsFeed(feeds, tickers or TickerShelf(), tape or Tape(), stream or ListStream(), events.extend)


def told(instrument_id: InstrumentId, seconds: float, *, whole: bool = False) -> StreamUpdate:
    values = WHOLE if whole else {"mark_price": Decimal(100 + int(seconds))}
    return StreamUpdate(tickers=(TickerChange(instrument_id, AT + timedelta(seconds=seconds), whole, values),))


def kept_of(updates: Sequence[StreamUpdate], count: int) -> list[tuple[str, float]]:
    """Instrument and second of what a feed that keeps one a minute stores."""
    shelf = TickerShelf()

    async def run() -> None:
        feed = a_feed(MarketFeeds(TickerFeed(timedelta(minutes=1))), tickers=shelf)
        feed.connected()
        task = asyncio.create_task(feed.store())
        for update in updates:
            feed.heard(update)
        await until(lambda: len(shelf.kept) >= count)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    return [(one.instrument_id, (one.at - AT).total_seconds()) for one in shelf.kept]


def test_the_first_ticker_of_each_minute_and_instrument_is_kept() -> None:
    updates = [told(BTC, 0, whole=True), told(SOL, 1, whole=True), told(BTC, 59), told(BTC, 60), told(BTC, 61)]
    assert kept_of(updates, 3) == [(BTC, 0), (SOL, 1), (BTC, 60)]


def test_an_unreadable_frame_is_a_dead_letter() -> None:
    stream = ListStream()

    async def run() -> None:
        feed = a_feed(MarketFeeds(), stream=stream)
        task = asyncio.create_task(feed.store())
        feed.malformed('{"topic":', "not JSON")
        await until(lambda: bool(stream.dead))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert stream.dead == [("feed.conditions", '{"topic":', "not JSON")]


def a_book(number: int, kind: str, bids: list[list[str]], at: datetime = AT) -> str:
    data = {"s": "BTCUSDT", "b": bids, "a": [["101", "1"]], "u": number, "seq": number}
    return json.dumps({"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": to_ms(at), "data": data})


def test_a_gap_has_the_book_told_whole() -> None:
    feeds = MarketFeeds(TickerFeed(timedelta()), book_snapshots=BookFeed(depth=50))
    tape, noticed = Tape(), list[QualityEvent]()

    async def run() -> None:
        async with socket_venue() as venue:
            feed = a_feed(feeds, tape=tape, noticed=noticed)
            stream = BybitConditionsStream(venue.url, [BTC], feeds)
            link = Link(stream, feed)
            work = (link.run(), feed.store(), feed.resync(link, stream.resync_messages))
            tasks = [asyncio.ensure_future(one) for one in work]
            await venue.subscribed.wait()
            await venue.push(a_book(1, "snapshot", [["99", "1"]]))
            await until(lambda: len(tape.books) == 1)
            for number in (3, 4, 5):  # the second is lost; of those after it nothing can be made
                later = AT + number * timedelta(seconds=1)
                await venue.push(a_book(number, "delta", [["98", "1"]], later))
            await until(lambda: venue.operations == ["subscribe", "unsubscribe", "subscribe"])
            await venue.push(a_book(9, "snapshot", [["97", "1"]], AT + timedelta(seconds=9)))
            await until(lambda: len(tape.books) == 2 and bool(noticed))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert [(one.update_id, one.book.bids[0][0]) for one in tape.books] == [(1, 99), (9, 97)]
    assert [(one.kind, one.instrument_id, one.detail) for one in noticed] == [
        (QualityKind.BOOK_RESYNC, BTC, {"update_id": 3})
    ]
