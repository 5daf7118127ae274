"""Bybit as the catalogue offers it, on the exchange."""

from collections.abc import Iterator
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
    """One for all."""
    with simulator(KeyedVenueContract.listed.symbol) as running:
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
