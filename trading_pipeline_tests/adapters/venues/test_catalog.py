"""The venues there are, by the name that ``universe.yaml`` gives them."""

import pytest

from trading_pipeline.adapters.venues.catalog import VENUES, venue_named
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "TRADING_MODE": "simulated",
        "BYBIT_REST_URL": "http://127.0.0.1:1",
        "BYBIT_PUBLIC_WS_URL": "ws://127.0.0.1:2",
        "BYBIT_PRIVATE_WS_URL": "ws://127.0.0.1:3",
    }
)


@pytest.mark.parametrize("name", sorted(VENUES))
def test_every_venue_is_made_without_asking_anybody(name: str) -> None:
    venue = venue_named(name, SETTINGS)
    assert venue.name == name
    assert venue.market_stream([InstrumentId("BTCUSDT.BYBIT")], [Timeframe.H1]).timeframes == (Timeframe.H1,)
    assert {venue.market_stream([], []).url, venue.account_stream().url} == {"ws://127.0.0.1:2", "ws://127.0.0.1:3"}
    assert venue.market_data()
    assert venue.live_market()
    assert venue.clock()
    assert venue.trading()


def test_an_unknown_venue_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown venue 'bibyt'; there are bybit"):
        venue_named("bibyt", SETTINGS)
