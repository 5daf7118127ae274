"""What stands between bars, from the venue's stream into the database; never in the way of bars."""

import asyncio
import functools
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.tickers import Ticker, TickerBoard, TickerChange
from trading_pipeline.domain.model.timeframes import slot_of
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.feed.persistence import retry_until_reachable

_log = structlog.get_logger(__name__)

_BATCH_S = 0.25
"""What comes within it is stored in one transaction; nobody decides on these rows, so they may wait."""
_MOST_WAITING = 20_000
"""Rows kept in memory while the database is away; beyond it the newest are left out, and the checks tell the hole."""


@dataclass(slots=True)
class ConditionsFeed:
    """Hears what stands between bars; ``store`` runs beside the link for as long as the feed does.

    :param feeds: what is collected, and how often.
    """

    feeds: MarketFeeds
    tickers: TickerStore
    stream: EventStream
    name: str = "feed.conditions"
    _board: TickerBoard = field(default_factory=TickerBoard)
    _slots: dict[InstrumentId, datetime] = field(default_factory=dict)
    _waiting: list[Ticker] = field(default_factory=list)
    _letters: list[tuple[str, str]] = field(default_factory=list)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        """Nothing has to be known before."""

    def connected(self) -> None:
        """Forget what was pushed over the connection before: the new one begins with everything whole."""
        self._board.clear()

    def heard(self, update: StreamUpdate) -> None:
        """Take up changes, and keep what is due."""
        for change in update.tickers:
            self._take_ticker(change)

    def malformed(self, raw: str, reason: str) -> None:
        """Queue a frame for the dead letters."""
        if len(self._letters) < _MOST_WAITING:
            self._letters.append((raw, reason))
            self._heard.set()

    async def store(self) -> None:
        """Write what is due, a moment of it at a time."""
        while True:
            await self._heard.wait()
            await asyncio.sleep(_BATCH_S)
            self._heard.clear()
            due, self._waiting = self._waiting, []
            letters, self._letters = self._letters, []
            await retry_until_reachable(functools.partial(self.tickers.append, due), f"storing {len(due)} tickers")
            for raw, reason in letters:
                work = functools.partial(self.stream.dead_letter, self.name, raw, reason)
                await retry_until_reachable(work, "dead-lettering a frame")
                _log.warning("malformed frame", stream=self.name, reason=reason)

    def _take_ticker(self, change: TickerChange) -> None:
        ticker = self._board.apply(change)
        if ticker is None or len(self._waiting) >= _MOST_WAITING:
            return
        slot = slot_of(ticker.at, self.feeds.tickers.every)
        if self._slots.get(ticker.instrument_id) != slot:
            self._slots[ticker.instrument_id] = slot
            self._waiting.append(ticker)
            self._heard.set()
