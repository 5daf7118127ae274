"""Which books stand for a close."""

from datetime import timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.errors import DataError, StaleDataError
from trading_pipeline.services.market_data.sample_book import sample_book
from trading_pipeline_tests.testkit.execution_lab import WAVE
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fake_stores import BookShelf
from trading_pipeline_tests.testkit.fakes_market_data import FakeMarket, a_book


@pytest.mark.parametrize("distance_s", [0, 0.3, 5, -5])
def test_a_timely_book_keeps_its_own_time(distance_s: float) -> None:
    shelf, at = BookShelf(), WAVE + timedelta(seconds=distance_s)
    made = sample_book(FakeMarket(FakeClock(at)), shelf, "BTCUSDT.BYBIT", WAVE)
    assert shelf.kept == [made]
    assert (made.close_time, made.reading.at) == (WAVE, at)
    assert round(made.reading.imbalance_signed, 4) == Decimal("0.3333")


@pytest.mark.parametrize("distance_s", [5.001, -5.001, 300])
def test_a_book_far_from_the_close_leaves_it_unknown(distance_s: float) -> None:
    shelf, market = BookShelf(), FakeMarket(FakeClock(WAVE + timedelta(seconds=distance_s)))
    with pytest.raises(StaleDataError, match="stays unknown"):
        sample_book(market, shelf, "BTCUSDT.BYBIT", WAVE)
    assert shelf.kept == []


def test_a_crossed_book_is_not_kept() -> None:
    shelf, crossed = BookShelf(), a_book("BTCUSDT.BYBIT", WAVE, spread="-1")
    market = FakeMarket(FakeClock(WAVE), {"BTCUSDT.BYBIT": crossed})
    with pytest.raises(DataError):
        sample_book(market, shelf, "BTCUSDT.BYBIT", WAVE)
    assert shelf.kept == []
