"""What the order book says at one instant: pure functions of prices and quantities.

Books are given best level first. They are few and decide at exact limits, so they stay decimal.
"""

from collections.abc import Sequence
from decimal import Decimal

from trading_pipeline.domain.model.books import BookReading, Level, OrderBook
from trading_pipeline.domain.model.errors import DataError

# Levels of each side. Thresholds of strategies are stated for ten; with more or fewer they mean something else.
IMBALANCE_LEVELS = 10
DEPTH_BAND = Decimal("0.005")
"""Distance from the mid, a fraction, within which resting orders count as depth."""

_BPS = 10_000


def reading_of(book: OrderBook) -> BookReading:
    """Everything that decisions take from a book.

    :raises DataError: a side is empty, a quantity is not positive where it counts, or the book is crossed.
    """
    if not book.bids or not book.asks:
        raise DataError(
            f"the book of {book.instrument_id} has no {'asks' if book.bids else 'bids'}: wait for both sides"
        )
    (bid, bid_quantity), (ask, ask_quantity) = book.bids[0], book.asks[0]
    middle = (bid + ask) / 2
    return BookReading(
        at=book.at,
        spread_bps=spread_bps(bid, ask),
        depth_usdt=depth_notional(book.bids, book.asks, DEPTH_BAND),
        imbalance_signed=signed_imbalance(book.bids, book.asks, IMBALANCE_LEVELS),
        microprice_bps=(microprice(bid, bid_quantity, ask, ask_quantity) - middle) / middle * _BPS,
    )


def microprice(bid: Decimal, bid_quantity: Decimal, ask: Decimal, ask_quantity: Decimal) -> Decimal:
    """Mid in quote currency, weighted by the opposite side's quantity: above the mid when bids are heavier.

    (ask x bid quantity + bid x ask quantity) / (bid quantity + ask quantity). Source: S. Stoikov,
    The Micro-Price, 2018, first-order form.

    :raises DataError: a quantity is not positive or the book is crossed.
    """
    if bid_quantity <= 0 or ask_quantity <= 0:
        raise DataError(f"best quantities {bid_quantity} and {ask_quantity}: both must be positive")
    if bid >= ask:
        raise DataError(f"bid {bid} is not below ask {ask}: wait for a sound book")
    return (ask * bid_quantity + bid * ask_quantity) / (bid_quantity + ask_quantity)


def imbalance(bids: Sequence[Level], asks: Sequence[Level], depth: int) -> Decimal:
    """Share of the bids in the quantity of the first ``depth`` levels, a fraction: 0 only asks, 1 only bids.

    :raises DataError: a side is empty, a quantity is negative, or nothing is offered at all.
    """
    if depth <= 0:
        raise DataError(f"depth {depth}: must be at least 1 level")
    if not bids or not asks:
        raise DataError("one side of the book is empty: no imbalance without both")
    bid, ask = _quantity(bids[:depth]), _quantity(asks[:depth])
    if bid + ask == 0:
        raise DataError(f"no quantity in the first {depth} levels of either side")
    return bid / (bid + ask)


def signed_imbalance(bids: Sequence[Level], asks: Sequence[Level], depth: int) -> Decimal:
    """The imbalance from -1 (only asks) to 1 (only bids)."""
    return 2 * imbalance(bids, asks, depth) - 1


def spread_bps(bid: Decimal, ask: Decimal) -> Decimal:
    """Distance of ask from bid in basis points of the mid.

    :raises DataError: the book is crossed or the bid is not positive.
    """
    if not 0 < bid < ask:
        raise DataError(f"bid {bid} and ask {ask}: need 0 < bid < ask")
    return (ask - bid) / ((ask + bid) / 2) * _BPS


def depth_notional(bids: Sequence[Level], asks: Sequence[Level], band: Decimal) -> Decimal:
    """Quote currency resting within ``band`` (a fraction) of the mid on both sides together.

    :raises DataError: a side is empty, a quantity is negative or the book is crossed.
    """
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        raise DataError("need a bid below an ask to measure depth")
    middle = (bids[0][0] + asks[0][0]) / 2
    near = [level for level in (*bids, *asks) if abs(level[0] - middle) <= band * middle]
    _refuse_negative(near)
    return sum((price * quantity for price, quantity in near), Decimal(0))


def _quantity(levels: Sequence[Level]) -> Decimal:
    """Sum of the quantities of some levels, base currency."""
    _refuse_negative(levels)
    return sum((quantity for _, quantity in levels), Decimal(0))


def _refuse_negative(levels: Sequence[Level]) -> None:
    if any(quantity < 0 for _, quantity in levels):
        raise DataError("negative quantity in the book: drop it and take a new snapshot")
