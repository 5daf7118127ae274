import pytest

from trading_pipeline.domain.indicators.order_book import (
    Level,
    depth_notional,
    imbalance,
    microprice,
    signed_imbalance,
    spread_bps,
)
from trading_pipeline.domain.model.errors import DataError


def test_microprice_leans_towards_the_lighter_side() -> None:
    assert microprice(100, 2, 101, 1) == pytest.approx(100.6667, abs=1e-4)


@pytest.mark.parametrize(("bid", "bids", "ask", "asks"), [(100, 0, 101, 1), (100, 1, 101, -1), (101, 1, 101, 1)])
def test_microprice_needs_a_sound_book(bid: float, bids: float, ask: float, asks: float) -> None:
    with pytest.raises(DataError):
        microprice(bid, bids, ask, asks)


def test_imbalance_is_the_share_of_the_bids() -> None:
    bids, asks = [(100.0, 6.0), (99.0, 3.0)], [(101.0, 2.0), (102.0, 1.0)]
    assert imbalance(bids, asks, 10) == 0.75
    assert signed_imbalance(bids, asks, 10) == 0.5
    assert imbalance(bids, asks, 1) == 0.75


@pytest.mark.parametrize(
    ("bids", "asks", "depth", "message"),
    [
        ([], [(101.0, 1.0)], 10, "one side of the book is empty"),
        ([(100.0, 1.0)], [(101.0, 1.0)], 0, "depth 0"),
        ([(100.0, -1.0)], [(101.0, 1.0)], 10, "negative quantity"),
        ([(100.0, 0.0)], [(101.0, 0.0)], 10, "no quantity"),
    ],
)
def test_imbalance_refuses_a_broken_book(bids: list[Level], asks: list[Level], depth: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        imbalance(bids, asks, depth)


def test_spread_is_relative_to_the_mid() -> None:
    assert spread_bps(99.97, 100.03) == pytest.approx(6.0)
    with pytest.raises(DataError, match="0 < bid < ask"):
        spread_bps(100, 100)


def test_depth_counts_both_sides_within_the_band() -> None:
    bids, asks = [(99.9, 10.0), (99.0, 100.0)], [(100.1, 20.0), (102.0, 100.0)]
    assert depth_notional(bids, asks, 0.005) == pytest.approx(999 + 2002)
    with pytest.raises(DataError, match="bid below an ask"):
        depth_notional([], asks, 0.005)
