"""An instrument is its symbol and its venue in one text."""

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId, TradingMode, VenueName


@pytest.mark.parametrize(
    ("text", "symbol", "venue"),
    [
        ("BTCUSDT.BYBIT", "BTCUSDT", VenueName("BYBIT")),
        ("BTC_USDT.GATEIO", "BTC_USDT", VenueName("GATEIO")),
        ("0x1f.2e.POLYMARKET", "0x1f.2e", VenueName("POLYMARKET")),
    ],
)
def test_an_identity_is_read_as_it_is_written(text: str, symbol: str, venue: VenueName) -> None:
    found = InstrumentId.parse(text)
    assert (found, found.symbol, found.venue) == (text, symbol, venue)
    assert InstrumentId.of(symbol, venue) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BTCUSDT", "'BTCUSDT' names no venue; write it like BTCUSDT.BYBIT"),
        (".BYBIT", "names no venue"),
        ("BTCUSDT.bybit", "names no venue"),
        ("", "names no venue"),
    ],
)
def test_what_names_no_instrument_is_refused_with_the_way_out(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        InstrumentId.parse(text)


def test_an_identity_needs_a_symbol() -> None:
    with pytest.raises(ConfigurationError, match="without a symbol"):
        InstrumentId.of("", VenueName("BYBIT"))


def test_an_identity_is_text_wherever_text_is_kept() -> None:
    found = InstrumentId("BTCUSDT.BYBIT")
    assert {found: 1}["BTCUSDT.BYBIT"] == 1
    assert sorted([found, "ADAUSDT.BYBIT"]) == ["ADAUSDT.BYBIT", found]


def test_an_account_is_read_as_it_is_made() -> None:
    account = AccountId.parse(AccountId.of(VenueName("BYBIT"), "1001", TradingMode.LIVE))
    assert (account, account.venue, account.mode) == ("BYBIT:1001:live", VenueName("BYBIT"), TradingMode.LIVE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1001", "write it like BYBIT:1234567:live"),
        ("bybit:1001:live", "'bybit' is no name of a venue; write it in capital letters, like BYBIT"),
        ("BYBIT:1001:real", "there is no mode 'real', only simulated, paper, testnet, live"),
        ("BYBIT::live", "is no account of BYBIT: empty"),
        ("BYBIT:10/01:live", "is no account of BYBIT"),
    ],
)
def test_what_names_no_account_is_refused_with_the_way_out(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        AccountId.parse(text)
