"""What stands between bars: how often it is kept, and what is left out."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds, TickerFeed
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.tickers import TICKER_FIELDS, Ticker, TickerChange
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore
from trading_pipeline.runtime.feed.conditions import ConditionsFeed
from trading_pipeline_tests.runtime.feed.socket_venue import until
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


def told(instrument_id: InstrumentId, seconds: float, *, whole: bool = False) -> StreamUpdate:
    values = WHOLE if whole else {"mark_price": Decimal(100 + int(seconds))}
    return StreamUpdate(tickers=(TickerChange(instrument_id, AT + timedelta(seconds=seconds), whole, values),))


def kept_of(updates: Sequence[StreamUpdate], count: int) -> list[tuple[str, float]]:
    """Instrument and second of what a feed that keeps one a minute stores."""
    shelf = TickerShelf()

    async def run() -> None:
        feed = ConditionsFeed(MarketFeeds(TickerFeed(timedelta(minutes=1))), shelf, ListStream())
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


def test_a_frame_that_cannot_be_read_is_a_dead_letter_with_its_reason() -> None:
    stream = ListStream()

    async def run() -> None:
        feed = ConditionsFeed(MarketFeeds(), TickerShelf(), stream)
        task = asyncio.create_task(feed.store())
        feed.malformed('{"topic":', "not JSON")
        await until(lambda: bool(stream.dead))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert stream.dead == [("feed.conditions", '{"topic":', "not JSON")]
