"""The toy venue against every contract of a venue; runs only where the recipe has put it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest

from trading_pipeline.adapters.parameters.universe import instrument_named
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket, MarketData
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.contracts.clock_contract import ClockContract
from trading_pipeline_tests.contracts.live_market_contract import LiveMarketContract
from trading_pipeline_tests.contracts.market_data_contract import MarketDataContract
from trading_pipeline_tests.contracts.trading_contract import TradingContract
from trading_pipeline_tests.contracts.venue_contract import VenueContract

TULIP = InstrumentId("TULIP.TOY")


@pytest.fixture
def venue() -> Venue:
    return venue_named("toy", GivenSettings())


@pytest.fixture
def market(venue: Venue) -> MarketData:
    return venue.market_data()


class TestToy(VenueContract):
    listed: ClassVar = TULIP


class TestToyMarket(MarketDataContract):
    listed: ClassVar = TULIP


class TestToyLiveMarket(LiveMarketContract):
    listed: ClassVar = TULIP

    @pytest.fixture
    def live_market(self, venue: Venue) -> LiveMarket:
        return venue.live_market()

    @pytest.fixture
    def now(self, market: MarketData) -> datetime:
        return market.server_time()


class TestToyClock(ClockContract):
    @pytest.fixture
    def clock(self, venue: Venue) -> Clock:
        return venue.clock()

    @pytest.fixture
    def advance(self, market: MarketData) -> Callable[[], datetime]:
        def advance() -> datetime:
            market.now += timedelta(minutes=15)
            return market.server_time()

        return advance


class TestToyAccount(TradingContract):
    listed: ClassVar = TULIP

    @pytest.fixture
    def trading(self, venue: Venue) -> Trading:
        return venue.trading()

    @pytest.fixture
    def instrument(self, market: MarketData) -> Instrument:
        return market.instruments()[TULIP]

    @pytest.fixture
    def price(self, venue: Venue) -> Decimal:
        return venue.live_market().order_book(TULIP).bids[0][0]


def test_its_instruments_can_be_named_and_those_of_no_venue_cannot() -> None:
    assert instrument_named("TULIP.TOY", "bybit") == instrument_named("TULIP", "toy") == TULIP
    with pytest.raises(ConfigurationError, match=r"there is no venue 'BAZAAR', only .*TOY"):
        instrument_named("TULIP.BAZAAR", "bybit")
