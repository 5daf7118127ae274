"""What stands between bars, from the venue's stream into the database; never in the way of bars."""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import structlog

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.local_books import BookChange, BookSnapshot
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.tickers import Ticker, TickerBoard, TickerChange
from trading_pipeline.domain.model.timeframes import slot_of
from trading_pipeline.ports.stores.market_data.tape_store import TapeStore
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.feed.book_keeper import BookKeeper
from trading_pipeline.runtime.feed.persistence import retry_until_reachable

RowT = TypeVar("RowT")
_log = structlog.get_logger(__name__)

_BATCH_S = 0.25
"""What comes within it is stored in one transaction; nobody decides on these rows, so they may wait."""
_MOST_WAITING = 50_000
"""Rows of a kind kept in memory while the database is away; beyond it the newest are lost."""


class Speaker(Protocol):
    """Who can say something over the connection that is heard."""

    async def say(self, messages: tuple[str, ...]) -> None:
        """Send them; lost where there is no connection."""


@dataclass(slots=True)
class _Waiting:
    tickers: list[Ticker] = field(default_factory=list)
    books: list[BookSnapshot] = field(default_factory=list)
    trades: list[PublicTrade] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)
    events: list[QualityEvent] = field(default_factory=list)


@dataclass(slots=True)
class ConditionsFeed:
    """Hears what stands between bars; ``store`` and ``resync`` run beside the link for as long as the feed does.

    :param feeds: what is collected, and how often.
    :param notice: keeps what is noticed about the data; blocks, and may be asked again.
    """

    feeds: MarketFeeds
    tickers: TickerStore
    tape: TapeStore
    stream: EventStream
    notice: Callable[[list[QualityEvent]], object]
    name: str = "feed.conditions"
    _board: TickerBoard = field(default_factory=TickerBoard)
    _slots: dict[InstrumentId, datetime] = field(default_factory=dict)
    _waiting: _Waiting = field(default_factory=_Waiting)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)
    _lost: asyncio.Queue[InstrumentId] = field(default_factory=asyncio.Queue)
    _books: BookKeeper = field(init=False)

    def __post_init__(self) -> None:
        self._books = BookKeeper(self.feeds.book_snapshots, self._book_lost)

    async def begin(self) -> None:
        """Nothing has to be known before."""

    def connected(self) -> None:
        """Forget what was pushed over the connection before: the new one begins with everything whole."""
        self._board.clear()
        self._books.connected()

    def heard(self, update: StreamUpdate) -> None:
        """Take up changes, and keep what is due."""
        for change in update.tickers:
            self._take_ticker(change)
        for book_change in update.books:
            if snapshot := self._books.take(book_change):
                self._keep(self._waiting.books, snapshot)
        for trade in update.trades:
            self._keep(self._waiting.trades, trade)

    def malformed(self, raw: str, reason: str) -> None:
        """Queue a frame for the dead letters."""
        self._keep(self._waiting.letters, (raw, reason))

    async def store(self) -> None:
        """Write what is due, a moment of it at a time."""
        while True:
            await self._heard.wait()
            await asyncio.sleep(_BATCH_S)
            self._heard.clear()
            # Swapped before it is written: what is heard meanwhile belongs to the next batch.
            due, self._waiting = self._waiting, _Waiting()
            await retry_until_reachable(functools.partial(self._write, due), "storing what stands between bars")
            for raw, reason in due.letters:
                work = functools.partial(self.stream.dead_letter, self.name, raw, reason)
                await retry_until_reachable(work, "dead-lettering a frame")
                _log.warning("malformed frame", stream=self.name, reason=reason)

    async def resync(self, speaker: Speaker, messages: Callable[[InstrumentId], tuple[str, ...]]) -> None:
        """Ask for whole books of instruments whose book has a gap.

        :param messages: what to say to have a book whole.
        """
        while True:
            await speaker.say(messages(await self._lost.get()))

    def _write(self, due: _Waiting) -> None:
        self.tickers.append(due.tickers)
        self.tape.append_books(due.books)
        self.tape.append_trades(due.trades)
        self.notice(due.events)

    def _take_ticker(self, change: TickerChange) -> None:
        ticker = self._board.apply(change)
        if ticker is None:
            return
        slot = slot_of(ticker.at, self.feeds.tickers.every)
        if self._slots.get(ticker.instrument_id) != slot:
            self._slots[ticker.instrument_id] = slot
            self._keep(self._waiting.tickers, ticker)

    def _book_lost(self, change: BookChange) -> None:
        self._lost.put_nowait(change.instrument_id)
        detail = {"update_id": change.update_id}
        event = QualityEvent(QualityKind.BOOK_RESYNC, Severity.INFO, change.at, change.instrument_id, detail=detail)
        self._keep(self._waiting.events, event)

    def _keep(self, waiting: list[RowT], one: RowT) -> None:
        if len(waiting) < _MOST_WAITING:
            waiting.append(one)
            self._heard.set()
