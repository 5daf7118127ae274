"""Order books kept from what a venue pushes: a whole book first, then the levels that change.

Updates of an instrument are numbered without a gap. One that is missing makes the book a guess, so it is forgotten
until the venue tells it whole again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.books import Level, OrderBook
from trading_pipeline.domain.model.identity import InstrumentId


@dataclass(frozen=True, slots=True)
class BookChange:
    """What a venue pushed of a book.

    :param at: venue time, UTC.
    :param update_id: one more than that of the change before; any number where ``whole``.
    :param whole: whether the levels are all there are; else those that changed, a quantity of 0 being gone.
    """

    instrument_id: InstrumentId
    at: datetime
    update_id: int
    whole: bool
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """A whole book as it stood.

    :param update_id: the venue's number of the last change in it.
    """

    book: OrderBook
    update_id: int


@dataclass(frozen=True, slots=True)
class _Sides:
    update_id: int
    at: datetime
    bids: dict[Decimal, Decimal]
    asks: dict[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class LocalBooks:
    """The present book of each instrument."""

    _sides: dict[InstrumentId, _Sides] = field(default_factory=dict)

    def clear(self) -> None:
        """Know nothing any more."""
        self._sides.clear()

    def apply(self, change: BookChange) -> bool:
        """Take a change up.

        :returns: whether the book is known now; one with a gap is forgotten.
        """
        if change.whole:
            self._sides[change.instrument_id] = _Sides(
                change.update_id, change.at, dict(change.bids), dict(change.asks)
            )
            return True
        sides = self._sides.get(change.instrument_id)
        if sides is None:
            return False
        # Forgotten at once: a level that was taken away unheard would stay in the book for ever.
        if change.update_id != sides.update_id + 1:
            del self._sides[change.instrument_id]
            return False
        known = _Sides(change.update_id, change.at, sides.bids, sides.asks)
        self._sides[change.instrument_id] = known
        _merge(sides.bids, change.bids)
        _merge(sides.asks, change.asks)
        return True

    def snapshot(self, instrument_id: InstrumentId, depth: int) -> BookSnapshot | None:
        """The best ``depth`` levels of each side.

        :returns: ``None`` where the book is unknown, or cannot be: a side is empty, or the best bid is not below the
            best ask. Such a book is forgotten.
        """
        sides = self._sides.get(instrument_id)
        if sides is None:
            return None
        bids, asks = sorted(sides.bids.items(), reverse=True)[:depth], sorted(sides.asks.items())[:depth]
        # A crossed book is one that missed something, though its numbers had no gap.
        if not bids or not asks or bids[0][0] >= asks[0][0]:
            del self._sides[instrument_id]
            return None
        return BookSnapshot(OrderBook(instrument_id, sides.at, tuple(bids), tuple(asks)), sides.update_id)


def _merge(side: dict[Decimal, Decimal], changes: tuple[Level, ...]) -> None:
    for price, quantity in changes:
        if quantity:
            side[price] = quantity
        else:
            # one that was never told is gone as well
            side.pop(price, None)
