"""What bots set and ask before they trade, and what isolated margin changes."""

from decimal import Decimal

import pytest
import requests

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.margins import liquidation_price
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.routes import account, transaction_log
from trading_pipeline.exchange_simulator.routes.catalog import PUBLIC, SIGNED
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order, walk
from trading_pipeline_tests.exchange_simulator.conftest import pybit_client
from trading_pipeline_tests.exchange_simulator.test_private_lists import a_venue

ISOLATED = {"setMarginMode": "ISOLATED_MARGIN"}
LISTS = sorted(path for (_, path), endpoint in (PUBLIC | SIGNED).items() if endpoint.lists)


@pytest.mark.parametrize("category", ["spot", "inverse", "option"])
@pytest.mark.parametrize("path", LISTS)
def test_other_categories_have_nothing_to_list(category: str, path: str) -> None:
    venue = a_venue(FLAT)
    order(venue.exchange, "Buy", "1")
    answer: Payload = (PUBLIC | SIGNED)["GET", path].answer(venue, {"category": category})
    assert answer == {"category": category, "list": [], "nextPageCursor": ""}


def test_a_symbol_of_another_category_is_not_traded_here(venue: Addresses) -> None:
    url = f"{venue.rest_url}/v5/market/tickers?category=spot&symbol=BTCUSDT"
    assert requests.get(url, timeout=5).json()["retCode"] == 10001


def test_an_unknown_category_is_refused(venue: Addresses) -> None:
    url = f"{venue.rest_url}/v5/market/tickers?category=bonds"
    assert requests.get(url, timeout=5).json()["retCode"] == 10001


def test_margin_mode_can_be_set_while_nothing_is_open(venue: Addresses) -> None:
    client = pybit_client(venue)
    client.set_margin_mode(**ISOLATED)
    assert client.get_account_info()["result"]["marginMode"] == "ISOLATED_MARGIN"


@pytest.mark.parametrize(("mode", "code"), [("PORTFOLIO_MARGIN", 3400045), ("REGULAR_MARGIN", 3400045), ("X", 10001)])
def test_margin_mode_is_refused_that_does_not_exist_or_while_something_is_open(mode: str, code: int) -> None:
    venue = a_venue(FLAT)
    account.set_margin_mode(venue, ISOLATED)
    order(venue.exchange, "Buy", "1")
    with pytest.raises(Rejection) as caught:
        account.set_margin_mode(venue, {"setMarginMode": mode})
    assert caught.value.code == code


def test_isolated_margin_takes_over_the_one_position_that_has_lost_its_own() -> None:
    """Leverage 10: a long from 100 has 10 of its own; at 90 it is gone, while the wallet is far from empty."""
    exchange = an_exchange((100, 100, 89, 90), symbols=("BTCUSDT", "SOLUSDT"))
    exchange.account.margin_mode = "ISOLATED_MARGIN"
    order(exchange, "Buy", "1")
    order(exchange, "Sell", "1", symbol="SOLUSDT")
    executions = walk(exchange)
    assert [(one.order.terms.symbol, one.kind) for one in executions] == [("BTCUSDT", "BustTrade")]
    assert not exchange.positions["SOLUSDT"].flat


def test_isolated_liquidation_price_is_of_the_positions_own_margin() -> None:
    """Leverage 10 from 100 without fees: p - 100 + 10 = p x 0.005, which is 90.45, shown to the tick."""
    exchange = an_exchange(FLAT, fees=(Decimal(0), Decimal(0)))
    exchange.account.margin_mode = "ISOLATED_MARGIN"
    order(exchange, "Buy", "1")
    assert liquidation_price(exchange, exchange.positions["BTCUSDT"]) == Decimal("90.5")


def test_the_transaction_log_explains_every_change_of_the_wallet() -> None:
    venue = a_venue((100, 110, 100, 110), *[FLAT] * 12, funding_interval_hours=1)
    exchange = venue.exchange
    order(exchange, "Buy", "2")
    walk(exchange)
    order(exchange, "Sell", "1", reduceOnly="true")
    walk(exchange, 12)
    rows = transaction_log.transaction_log(venue, {"accountType": "UNIFIED", "category": "linear", "currency": "USDT"})
    entries: list[dict[str, str]] = rows["list"]  # type: ignore[assignment]
    assert [entry["type"] for entry in entries] == ["SETTLEMENT", "TRADE", "TRADE"]
    assert [entry["size"] for entry in entries] == ["1", "1", "2"]
    changes = sum(Decimal(entry["change"]) for entry in entries)
    assert exchange.terms.balance + changes == exchange.account.wallet == Decimal(entries[0]["cashBalance"])
    assert all(
        Decimal(entry["change"]) == Decimal(entry["cashFlow"]) + Decimal(entry["funding"] or 0) - Decimal(entry["fee"])
        for entry in entries
    )
