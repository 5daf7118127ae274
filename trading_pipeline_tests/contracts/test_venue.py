"""Bybit as the catalogue offers it, on the exchange."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import pytest

from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.contracts.venue_contract import KeyedVenueContract


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    """One for all, whose account pays less than the venue publishes."""
    with simulator(KeyedVenueContract.listed.symbol, taker_fee_bps=4) as running:
        yield running


class TestBybit(KeyedVenueContract):
    timeframes: ClassVar = tuple(
        one for one in Timeframe if one.ms >= Timeframe.M5.ms
    )  # the exchange generates 5m bars

    @pytest.fixture
    def venue(self, exchange: Simulator) -> Venue:
        return venue_named("bybit", GivenSettings.model_validate(exchange.environment()))

    @pytest.fixture
    def keyless(self, exchange: Simulator) -> Venue:
        addresses = {name: text for name, text in exchange.environment().items() if name.endswith("_URL")}
        return venue_named("bybit", GivenSettings.model_validate(addresses))

    @pytest.fixture
    def key(self, exchange: Simulator) -> str:
        return exchange.api_key

    def test_fees_are_the_accounts_own_where_there_is_a_key(self, venue: Venue, keyless: Venue) -> None:
        own, published = (one.market_data().instruments()[self.listed].taker_fee for one in (venue, keyless))
        assert (own, published) == (Decimal("0.0004"), Decimal("0.00055"))
