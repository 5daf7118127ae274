from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_pipeline.domain.indicators.order_book import (
    depth_notional,
    imbalance,
    microprice,
    reading_of,
    signed_imbalance,
    spread_bps,
)
from trading_pipeline.domain.model.books import Level, OrderBook
from trading_pipeline.domain.model.errors import DataError


def levels(*pairs: tuple[float, float]) -> tuple[Level, ...]:
    return tuple((Decimal(str(price)), Decimal(str(quantity))) for price, quantity in pairs)


def test_microprice_leans_towards_the_lighter_side() -> None:
    assert round(microprice(Decimal(100), Decimal(2), Decimal(101), Decimal(1)), 4) == Decimal("100.6667")


@pytest.mark.parametrize(("bid", "bids", "ask", "asks"), [(100, 0, 101, 1), (100, 1, 101, -1), (101, 1, 101, 1)])
def test_microprice_needs_a_sound_book(bid: float, bids: float, ask: float, asks: float) -> None:
    with pytest.raises(DataError):
        microprice(Decimal(bid), Decimal(bids), Decimal(ask), Decimal(asks))


def test_imbalance_is_the_share_of_the_bids() -> None:
    bids, asks = levels((100, 6), (99, 3)), levels((101, 2), (102, 1))
    assert imbalance(bids, asks, 10) == 0.75
    assert signed_imbalance(bids, asks, 10) == 0.5
    assert imbalance(bids, asks, 1) == 0.75


@pytest.mark.parametrize(
    ("bids", "asks", "depth", "message"),
    [
        (levels(), levels((101, 1)), 10, "one side of the book is empty"),
        (levels((100, 1)), levels((101, 1)), 0, "depth 0"),
        (levels((100, -1)), levels((101, 1)), 10, "negative quantity"),
        (levels((100, 0)), levels((101, 0)), 10, "no quantity"),
    ],
)
def test_imbalance_refuses_a_broken_book(
    bids: tuple[Level, ...], asks: tuple[Level, ...], depth: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        imbalance(bids, asks, depth)


def test_spread_is_relative_to_the_mid() -> None:
    assert spread_bps(Decimal("99.97"), Decimal("100.03")) == 6
    with pytest.raises(DataError, match="0 < bid < ask"):
        spread_bps(Decimal(100), Decimal(100))


def test_depth_counts_both_sides_within_the_band() -> None:
    bids, asks = levels((99.9, 10), (99, 100)), levels((100.1, 20), (102, 100))
    assert depth_notional(bids, asks, Decimal("0.005")) == 999 + 2002
    with pytest.raises(DataError, match="bid below an ask"):
        depth_notional((), asks, Decimal("0.005"))


AT = datetime(2025, 6, 1, tzinfo=UTC)


def test_a_reading_holds_every_number_of_one_book() -> None:
    deep = [(100 - step, 1) for step in range(1, 10)]
    reading = reading_of(OrderBook("BTCUSDT", AT, levels((99.9, 3), *deep, (50, 1000)), levels((100.1, 1))))
    assert (reading.at, reading.spread_bps) == (AT, 20)
    assert reading.imbalance_signed == pytest.approx(Decimal(11) / 13)
    assert (reading.microprice_bps, reading.depth_usdt) == (5, Decimal("399.8"))


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        (levels(), levels((101, 1))),
        (levels((100, 1)), levels()),
        (levels((101, 1)), levels((101, 1))),
        (levels((100, 0)), levels((101, 1))),
        (levels((100, 1), (99.9, -1)), levels((101, 1))),
    ],
)
def test_a_broken_book_has_no_reading(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
    with pytest.raises(DataError):
        reading_of(OrderBook("BTCUSDT", AT, bids, asks))
