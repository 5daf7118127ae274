"""Addresses per mode, and the guard in front of real money."""

import pytest

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.endpoints import endpoints
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.live_guard import acknowledge_live
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.settings import Settings
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import Reply, ScriptedVenue


def a_setting(mode: TradingMode, **fields: str) -> Settings:
    return Settings.model_validate({"mode": mode, "bybit_rest_url": "", **fields})


@pytest.mark.parametrize(
    ("mode", "host"), [(TradingMode.TESTNET, "testnet.bybit.com"), (TradingMode.LIVE, ".bybit.com/v5")]
)
def test_real_venues_have_addresses_of_their_own(mode: TradingMode, host: str) -> None:
    found = endpoints(a_setting(mode))
    assert host in found.private_ws
    assert found.rest.startswith("https://api")


def test_the_simulators_sockets_follow_from_its_rest_address() -> None:
    found = endpoints(a_setting(TradingMode.SIMULATED, bybit_rest_url="http://127.0.0.1:8080/"))
    assert (found.rest, found.private_ws) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v5/private")
    assert found.public_ws == "ws://127.0.0.1:8080/v5/public/linear"


def test_paper_pairs_simulated_account_with_real_markets() -> None:
    found = endpoints(a_setting(TradingMode.PAPER, bybit_rest_url="http://127.0.0.1:8080/"))
    assert (found.rest, found.private_ws) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v5/private")
    assert (found.market_rest, found.public_ws) == (
        "https://api.bybit.com",
        "wss://stream.bybit.com/v5/public/linear",
    )
    other = endpoints(a_setting(TradingMode.PAPER, bybit_rest_url="http://a", bybit_market_rest_url="http://b/"))
    assert other.market_rest == "http://b"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080"])
@pytest.mark.parametrize("mode", [TradingMode.SIMULATED, TradingMode.PAPER])
def test_a_simulator_without_address_is_named(mode: TradingMode, url: str) -> None:
    with pytest.raises(ConfigurationError, match="BYBIT_REST_URL"):
        endpoints(a_setting(mode, bybit_rest_url=url))


def test_overrides_win() -> None:
    found = endpoints(a_setting(TradingMode.TESTNET, bybit_private_ws_url="wss://stream-demo.bybit.com/v5/private"))
    assert found.private_ws == "wss://stream-demo.bybit.com/v5/private"


@pytest.mark.parametrize("acknowledged", ["", "8", " "])
def test_live_trading_needs_the_accounts_own_id(venue: ScriptedVenue, client: BybitClient, acknowledged: str) -> None:
    venue.script("user/query-api", Reply({"userID": 7}))
    settings = a_setting(TradingMode.LIVE, live_trading_acknowledged=acknowledged)
    with pytest.raises(ConfigurationError, match=r"LIVE_TRADING_ACKNOWLEDGED.*'7'"):
        acknowledge_live(settings, BybitTrading(client))


def test_live_trading_starts_with_the_accounts_own_id(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("user/query-api", Reply({"userID": 7}))
    acknowledge_live(a_setting(TradingMode.LIVE, live_trading_acknowledged="7"), BybitTrading(client))
    assert len(venue.asked("user/query-api")) == 1


def test_an_account_without_id_cannot_be_acknowledged_by_silence(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("user/query-api", Reply({}))
    with pytest.raises(ConfigurationError):
        acknowledge_live(a_setting(TradingMode.LIVE, live_trading_acknowledged=""), BybitTrading(client))


@pytest.mark.parametrize("mode", [TradingMode.SIMULATED, TradingMode.PAPER, TradingMode.TESTNET])
def test_other_modes_need_no_acknowledgement(venue: ScriptedVenue, client: BybitClient, mode: TradingMode) -> None:
    acknowledge_live(a_setting(mode), BybitTrading(client))
    assert venue.requests == []
