"""Klines and instruments from a scripted venue that pages like the real one."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading_pipeline.adapters.venues.bybit import capabilities
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import NOW_MS, Reply, ScriptedVenue

HOUR_MS = Timeframe.H1.ms
NOW = from_ms(NOW_MS)


class KlineVenue(ScriptedVenue):
    """Hourly klines since 1970, the newest of them still forming."""

    def next_reply(self, path: str) -> Reply:
        """Klines of the last request, newest first, cut to its limit."""
        if path != "/v5/market/kline":
            return Reply({"timeNano": str((NOW_MS + 60_000) * 1_000_000)})
        asked = self.requests[-1][1]
        start, end, limit = (int(str(asked[name])) for name in ("start", "end", "limit"))
        newest = min(end, NOW_MS + 60_000) // HOUR_MS * HOUR_MS
        opens = [newest - index * HOUR_MS for index in range(limit) if newest - index * HOUR_MS >= start]
        return Reply({"list": [[str(ms), "1", "2", "0.5", "1.5", "10", "15"] for ms in opens]})


@pytest.fixture
def market_data(venue: ScriptedVenue, client: BybitClient) -> BybitMarketData:
    venue.__class__ = KlineVenue
    return BybitMarketData(client)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2500), st.integers(-5, 2500))
def test_no_page_boundary_loses_or_repeats_a_bar(market_data: BybitMarketData, back: int, length: int) -> None:
    start = NOW - timedelta(hours=back)
    end = start + timedelta(hours=length)
    bars = market_data.bars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, start, end)
    expected = [start + timedelta(hours=index) for index in range(min(length, back))]
    assert [bar.open_time for bar in bars] == expected


def test_the_forming_bar_is_never_returned(market_data: BybitMarketData) -> None:
    bars = market_data.bars(
        InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, NOW - timedelta(hours=3), NOW + timedelta(days=1)
    )
    assert [bar.close_time for bar in bars] == [NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW]


def test_a_start_inside_a_bar_begins_with_the_next_one(market_data: BybitMarketData) -> None:
    bars = market_data.bars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, NOW - timedelta(minutes=150), NOW)
    assert bars[0].open_time == NOW - timedelta(hours=2)


def test_no_request_asks_for_more_rows_than_the_venue_gives(venue: ScriptedVenue, market_data: BybitMarketData) -> None:
    market_data.bars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, NOW - timedelta(hours=2500), NOW)
    asked = [(int(str(row["start"])), int(str(row["end"]))) for row in venue.asked("market/kline")]
    assert all(end - start < capabilities.KLINE_LIMIT * HOUR_MS for start, end in asked)
    assert len(asked) == 3


def test_a_timeframe_the_venue_does_not_publish_is_refused(market_data: BybitMarketData) -> None:
    with pytest.raises(ConfigurationError, match="8h"):
        market_data.bars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H8, NOW - timedelta(days=1), NOW)


def test_an_unknown_symbol_is_refused_by_name(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("market/time", Reply())
    venue.script("market/kline", Reply(code=10001))
    with pytest.raises(ConfigurationError, match="symbol=NOSUCH, interval=60"):
        BybitMarketData(client).bars(InstrumentId("NOSUCH.BYBIT"), Timeframe.H1, NOW - timedelta(hours=1), NOW)


PERPETUAL = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"tickSize": "0.10"},
    "lotSizeFilter": {
        "qtyStep": "0.001",
        "minOrderQty": "0.001",
        "maxOrderQty": "1190",
        "maxMktOrderQty": "500",
        "minNotionalValue": "5",
    },
    "leverageFilter": {"maxLeverage": "100.00"},
}


def fees_told(market: BybitMarketData) -> dict[str, tuple[str, str]]:
    """Of makers and takers, by symbol."""
    return {one.symbol: (str(one.maker_fee), str(one.taker_fee)) for one in market.instruments().values()}


def test_only_perpetuals_that_can_be_read_are_instruments(venue: ScriptedVenue, client: BybitClient) -> None:
    others = [
        {**PERPETUAL, "symbol": "BTCPERP", "settleCoin": "USDC"},
        {**PERPETUAL, "symbol": "BTC-26DEC25", "contractType": "LinearFutures"},
        {**PERPETUAL, "symbol": "OLDUSDT", "status": "PreLaunch", "lotSizeFilter": {}},
    ]
    venue.script("account/fee-rate", Reply({"list": []}))
    venue.script("market/instruments-info", Reply({"list": [*others, PERPETUAL], "nextPageCursor": ""}))
    assert list(BybitMarketData(client).instruments()) == ["BTCUSDT.BYBIT"]


def test_one_odd_instrument_in_trading_hides_no_other(venue: ScriptedVenue, client: BybitClient) -> None:
    odd = [
        {**PERPETUAL, "symbol": "TICKUSDT", "priceFilter": {"tickSize": "0"}},
        {**PERPETUAL, "symbol": "STEPUSDT", "lotSizeFilter": {"qtyStep": "0.000"}},
        {**PERPETUAL, "symbol": "NONEUSDT", "leverageFilter": {}},
    ]
    venue.script("account/fee-rate", Reply({"list": []}))
    venue.script("market/instruments-info", Reply({"list": [*odd, PERPETUAL], "nextPageCursor": ""}))
    assert list(BybitMarketData(client).instruments()) == ["BTCUSDT.BYBIT"]


def test_a_list_of_nothing_readable_is_no_answer(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("account/fee-rate", Reply({"list": []}))
    venue.script("market/instruments-info", Reply({"list": [{**PERPETUAL, "priceFilter": {}}], "nextPageCursor": ""}))
    with pytest.raises(TemporaryVenueError, match=r"none of 1 instruments that bybit lists can be read: .*tickSize"):
        BybitMarketData(client).instruments()


def test_an_instrument_says_whether_it_is_traded_and_until_when(venue: ScriptedVenue, client: BybitClient) -> None:
    ending = {**PERPETUAL, "symbol": "ENDUSDT", "deliveryTime": "1748779200000"}
    settled = {**PERPETUAL, "symbol": "OLDUSDT", "status": "Delivering"}
    invented = {**PERPETUAL, "symbol": "NEWUSDT", "status": "Paused"}
    venue.script("account/fee-rate", Reply({"list": []}))
    rows = [PERPETUAL, ending, settled, invented]
    venue.script("market/instruments-info", Reply({"list": rows, "nextPageCursor": ""}))
    found = {one.symbol: (one.status, one.no_entry) for one in BybitMarketData(client).instruments().values()}
    assert found == {
        "BTCUSDT": ("trading", ""),
        "ENDUSDT": ("trading", "the venue ends its trading at 2025-06-01 12:00 UTC"),
        "OLDUSDT": ("delivering", "it is delivering and not in trading"),
        "NEWUSDT": ("closed", "it is closed and not in trading"),
    }


def test_fees_are_those_that_the_venue_tells_the_account(venue: ScriptedVenue, client: BybitClient) -> None:
    told = {"symbol": "BTCUSDT", "takerFeeRate": "0.0004", "makerFeeRate": "-0.00005"}
    venue.script("account/fee-rate", Reply({"list": [told]}))
    listed = [PERPETUAL, {**PERPETUAL, "symbol": "NEWUSDT"}]
    venue.script("market/instruments-info", Reply({"list": listed, "nextPageCursor": ""}))
    assert fees_told(BybitMarketData(client)) == {"BTCUSDT": ("-0.00005", "0.0004"), "NEWUSDT": ("0.0002", "0.00055")}


def test_without_a_key_fees_are_the_base_tiers(venue: ScriptedVenue) -> None:
    venue.script("market/instruments-info", Reply({"list": [PERPETUAL], "nextPageCursor": ""}))
    assert fees_told(BybitMarketData(BybitClient(venue.url, "", ""))) == {"BTCUSDT": ("0.0002", "0.00055")}
    assert venue.asked("account/fee-rate") == []


def test_unreadable_fees_are_no_base_tier_fees(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("account/fee-rate", Reply({"list": [{"symbol": "BTCUSDT", "takerFeeRate": "", "makerFeeRate": "0"}]}))
    venue.script("market/instruments-info", Reply({"list": [PERPETUAL], "nextPageCursor": ""}))
    with pytest.raises(TemporaryVenueError, match="takerFeeRate"):
        BybitMarketData(client).instruments()
