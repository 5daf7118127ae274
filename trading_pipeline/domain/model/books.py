"""The order book of an instrument at one instant, and the few numbers that decisions take from it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId

Level = tuple[Decimal, Decimal]
"""Price in quote currency and quantity in base currency."""


BOOK_COLUMNS = ("imbalance_signed", "microprice_bps")
"""Columns of bars that carry the book at their close, named as in ``BookReading``; NaN where it is unknown."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Resting orders, best level first.

    :param at: venue time of the book.
    """

    instrument_id: InstrumentId
    at: datetime
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class BookReading:
    """What a book said.

    :param at: venue time of the book.
    :param spread_bps: best ask above best bid, in basis points of the mid.
    :param depth_usdt: quote currency within half a percent of the mid, both sides, as far as the book was told.
    :param imbalance_signed: of the first ten levels, -1 (only asks) to 1 (only bids).
    :param microprice_bps: of the best level, in basis points above the mid.
    """

    at: datetime
    spread_bps: Decimal
    depth_usdt: Decimal
    imbalance_signed: Decimal
    microprice_bps: Decimal


@dataclass(frozen=True, slots=True)
class BookSample:
    """The reading that stands for the close of an instrument's bars.

    :param close_time: closing instant in UTC, the same for all timeframes that close then.
    """

    instrument_id: InstrumentId
    close_time: datetime
    reading: BookReading
