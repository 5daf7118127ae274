"""What ``LiveMarket`` promises, whoever keeps it."""

from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.venue.market_data import LiveMarket


class LiveMarketContract:
    """Give the fixtures ``live_market`` and ``now``, the venue's time."""

    listed: ClassVar = InstrumentId("SOLUSDT.BYBIT")
    unlisted: ClassVar = InstrumentId("NOSUCHUSDT.BYBIT")

    def test_a_book_is_sorted_from_its_middle_outwards(self, live_market: LiveMarket) -> None:
        book = live_market.order_book(self.listed)
        bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert 0 < bids[0] < asks[0]
        assert all(quantity > 0 for _, quantity in (*book.bids, *book.asks))

    def test_a_book_says_whose_it_is_and_when_it_was(self, live_market: LiveMarket, now: datetime) -> None:
        book = live_market.order_book(self.listed)
        assert book.instrument_id == self.listed
        assert book.at.utcoffset() == timedelta(0)
        assert abs(book.at - now) < timedelta(minutes=1)

    def test_funding_lies_ahead(self, live_market: LiveMarket, now: datetime) -> None:
        assert now < live_market.next_funding(self.listed) <= now + timedelta(hours=24)

    def test_an_instrument_that_is_not_listed_is_refused_by_name(self, live_market: LiveMarket) -> None:
        for question in (live_market.order_book, live_market.next_funding):
            with pytest.raises(ConfigurationError, match=self.unlisted.symbol):
                question(self.unlisted)
