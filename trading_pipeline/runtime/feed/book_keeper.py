"""Local order books beside bars: kept, sampled, and asked for anew after a gap."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.local_books import BookChange, BookSnapshot, LocalBooks
from trading_pipeline.domain.model.market_feeds import BookFeed
from trading_pipeline.domain.model.timeframes import slot_of

_ASK_AGAIN_S = 5.0
"""Real time in which a whole book has to come before it is asked for again."""


@dataclass(frozen=True, slots=True)
class BookKeeper:
    """Everything runs on the event loop and returns at once.

    :param lost: told of an instrument whose book has to be asked for anew; at most once in five seconds.
    """

    feed: BookFeed
    lost: Callable[[BookChange], None]
    _books: LocalBooks = field(default_factory=LocalBooks)
    _slots: dict[InstrumentId, datetime] = field(default_factory=dict)
    _asked: dict[InstrumentId, float] = field(default_factory=dict)

    def connected(self) -> None:
        """Forget the books of the connection before; the new one begins with whole ones."""
        self._books.clear()
        self._asked.clear()

    def take(self, change: BookChange) -> BookSnapshot | None:
        """Take a change up; the book, when one is due."""
        # Not noted as a slot: the book that comes anew may still be kept for this one.
        if not self._books.apply(change):
            self._ask(change)
            return None
        slot = slot_of(change.at, self.feed.every)
        if self._slots.get(change.instrument_id) == slot:
            return None
        self._slots[change.instrument_id] = slot
        snapshot = self._books.snapshot(change.instrument_id, self.feed.depth)
        if snapshot is None:
            self._ask(change)
        return snapshot

    def _ask(self, change: BookChange) -> None:
        now, asked = asyncio.get_running_loop().time(), self._asked.get(change.instrument_id)
        if asked is None or now - asked >= _ASK_AGAIN_S:
            self._asked[change.instrument_id] = now
            self.lost(change)
