"""The order book at the close of bars, for strategies that need it. Never in the way of bars."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore
from trading_pipeline.ports.venue.market_data import LiveMarket
from trading_pipeline.services.market_data.sample_book import sample_book

_log = structlog.get_logger(__name__)

_AT_ONCE = 8
"""Books asked for side by side, in threads that bars do not wait for."""

BookTimeframes = Mapping[InstrumentId, frozenset[Timeframe]]
"""By instrument, the timeframes at whose closes the book is needed."""


@dataclass(frozen=True, slots=True)
class BookSampler:
    """Told of closed bars, it keeps one sample per instrument and close.

    :param wanted: says once, when the sampler begins, whose closes count; may take seconds.
    """

    market: LiveMarket
    store: BookSampleStore
    wanted: Callable[[], BookTimeframes]
    _closed: asyncio.Queue[Bar] = field(default_factory=asyncio.Queue)

    def bar_closed(self, bar: Bar) -> None:
        """Take note of a bar that closed just now; returns at once."""
        # Never full, so that whoever hears bars is never held up by books.
        self._closed.put_nowait(bar)

    async def sample(self) -> None:
        """Ask for the book at every close that counts, for as long as the feed runs."""
        timeframes = await asyncio.to_thread(self._wanted)
        asked: dict[str, datetime] = {}
        threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="books")
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    bar = await self._closed.get()
                    # bars of several timeframes close together, and a bar may be heard again
                    counts = any(one.closes_at(bar.close_time) for one in timeframes.get(bar.instrument_id, ()))
                    if counts and asked.get(bar.instrument_id) != bar.close_time:
                        asked[bar.instrument_id] = bar.close_time
                        group.create_task(self._keep(threads, bar.instrument_id, bar.close_time))
        finally:
            # The feed is ending: nobody would read the answers of requests that are still on their way.
            threads.shutdown(wait=False, cancel_futures=True)

    def _wanted(self) -> BookTimeframes:
        try:
            return self.wanted()
        except ConfigurationError as error:
            # bars go on: without a sample the book is unknown, and that forbids
            _log.error("no books are sampled", cause=str(error))
            return {}

    async def _keep(self, threads: ThreadPoolExecutor, instrument_id: InstrumentId, close_time: datetime) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(threads, sample_book, self.market, self.store, instrument_id, close_time)
        except (TradingError, OperationalError, InterfaceError) as error:
            cause = str(error).splitlines()[0]
            _log.warning("book unknown", instrument_id=instrument_id, close=close_time.isoformat(), cause=cause)
