"""A scripted venue and a client on it."""

from collections.abc import Iterator

import pytest

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import ScriptedVenue, scripted_venue


@pytest.fixture
def venue() -> Iterator[ScriptedVenue]:
    with scripted_venue() as running:
        yield running


@pytest.fixture
def client(venue: ScriptedVenue) -> BybitClient:
    return BybitClient(venue.url, "key", "secret", timeout_s=2.0, attempts=2)
