import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline.exchange_simulator.payloads import positions
from trading_pipeline.exchange_simulator.payloads.market import instrument_payload
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order

BTC = {"category": "linear", "symbol": "BTCUSDT"}
Json = dict[str, object]


def documented(samples: Path, page: str) -> Json:
    """The fields of a page's first documented answer; their values are empty ones of the documented type."""
    pages: dict[str, Json] = json.loads((samples / "bybit_documented_fields.json").read_text())
    return pages[page]


CALLS: list[tuple[str, Callable[[HTTP], Json]]] = [
    ("market/time", lambda c: c.get_server_time()),
    ("market/tickers", lambda c: c.get_tickers(**BTC)),
    ("market/orderbook", lambda c: c.get_orderbook(**BTC, limit=1)),
    ("market/recent-trade", lambda c: c.get_public_trade_history(**BTC)),
    ("market/history-fund-rate", lambda c: c.get_funding_rate_history(**BTC)),
    ("account/wallet-balance", lambda c: c.get_wallet_balance(accountType="UNIFIED")),
    ("account/account-info", lambda c: c.get_account_info()),
    ("account/fee-rate", lambda c: c.get_fee_rates(**BTC)),
    ("user/apikey-info", lambda c: c.get_api_key_information()),
    ("position/position", lambda c: c.get_positions(**BTC)),
    ("position/close-pnl", lambda c: c.get_closed_pnl(**BTC)),
    ("order/open-order", lambda c: c.get_open_orders(**BTC)),
    ("order/order-list", lambda c: c.get_order_history(**BTC)),
    ("order/execution", lambda c: c.get_executions(**BTC)),
]


STARTS: list[tuple[str, str, dict[str, object]]] = [
    ("market/order-price-limit", "/v5/market/price-limit", {}),
    ("market/open-interest", "/v5/market/open-interest", {"intervalTime": "1h"}),
    ("market/long-short-ratio", "/v5/market/account-ratio", {"period": "1h"}),
    ("market/mark-kline", "/v5/market/mark-price-kline", {"interval": "15"}),
    ("market/mark-kline", "/v5/market/index-price-kline", {"interval": "15"}),
    ("market/premium-index-kline", "/v5/market/premium-index-price-kline", {"interval": "15"}),
    ("market/risk-limit", "/v5/market/risk-limit", {}),
]


@pytest.mark.parametrize(("page", "path", "query"), STARTS, ids=[path for _, path, _ in STARTS])
def test_reference_answers_carry_every_documented_field(
    samples: Path, venue: Addresses, page: str, path: str, query: dict[str, object]
) -> None:
    answer = requests.get(f"{venue.rest_url}{path}", params={**BTC, **query}, timeout=5).json()  # type: ignore[arg-type]
    expected = documented(samples, page)
    assert missing(expected["result"], answer["result"]) == []
    assert set(expected) <= set(answer)


SIGNED: list[tuple[str, Callable[[HTTP], Json]]] = [
    ("account/transaction-log", lambda c: c.get_transaction_log(category="linear")),
    ("asset/coin-info", lambda c: c.get_coin_info()),
    ("position/position-mode", lambda c: c.switch_position_mode(category="linear", coin="USDT", mode=0)),
    ("order/batch-place", lambda c: c.place_batch_order(category="linear", request=[LIMIT])),
    ("order/batch-cancel", lambda c: c.cancel_batch_order(category="linear", request=[LIMIT])),
]
LIMIT = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000", "orderLinkId": "a"}


@pytest.mark.parametrize(("page", "call"), SIGNED, ids=[page for page, _ in SIGNED])
def test_answers_to_what_bots_ask_at_the_start_carry_every_documented_field(
    samples: Path, client: HTTP, page: str, call: Callable[[HTTP], Json]
) -> None:
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.02")
    expected, answer = documented(samples, page), call(client)
    assert missing(expected["result"], answer["result"]) == []
    assert missing(expected["retExtInfo"], answer["retExtInfo"]) == []


@pytest.mark.parametrize(("page", "call"), CALLS, ids=[page for page, _ in CALLS])
def test_rest_answers_carry_every_documented_field(
    samples: Path, client: HTTP, page: str, call: Callable[[HTTP], Json]
) -> None:
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.02")
    client.place_order(**BTC, side="Sell", orderType="Market", qty="0.01")
    client.place_order(**BTC, side="Buy", orderType="Limit", qty="0.01", price="40000")
    expected, answer = documented(samples, page), call(client)
    assert missing(expected["result"], answer["result"]) == []
    assert set(expected) <= set(answer)


def missing(expected: object, answer: object, path: str = "") -> list[str]:
    """Paths documented but not answered, or answered as another JSON type."""
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return [f"{path}: {type(answer).__name__}"]
        gone = [f"{path}.{name}" for name in expected if name not in answer and name != "MNT"]
        return gone + [
            p for name in expected if name in answer for p in missing(expected[name], answer[name], f"{path}.{name}")
        ]
    if isinstance(expected, list) and isinstance(answer, list) and expected and not isinstance(expected[0], str):
        return missing(expected[0], answer[0], f"{path}[]") if answer else [f"{path}: empty"]
    return [] if isinstance(answer, type(expected)) else [f"{path}: {type(answer).__name__}"]


@pytest.mark.parametrize("topic", ["order", "execution", "position", "wallet"])
def test_private_pushes_carry_every_documented_field(samples: Path, topic: str) -> None:
    exchange = an_exchange(FLAT)
    order(exchange, "Buy", "1")
    [entry, *_] = documented(samples, f"websocket/private/{topic}")["data"]  # type: ignore[misc]
    pushed = next(push.data for push in exchange.take_pushes() if push.topic == topic)
    # The example account pays an Indian tax and owns a fee coin; ours does neither.
    problems = [p for p in missing(entry, pushed) if not p.startswith(".extraFees")]
    assert problems == []


@pytest.mark.parametrize(
    ("page", "topic"),
    [
        ("kline", "kline.5.BTCUSDT"),
        ("orderbook", "orderbook.50.BTCUSDT"),
        ("order-price-limit", "priceLimit.BTCUSDT"),
    ],
)
def test_public_messages_carry_every_documented_field(samples: Path, page: str, topic: str) -> None:
    connection, hub = Connection(), Hub()
    MarketFeed(an_exchange(FLAT), hub).send_snapshot(connection, topic)
    message = json.loads(connection.outgoing.get_nowait())
    assert missing(documented(samples, f"websocket/public/{page}"), message) == []


def test_instrument_carries_the_documented_fields_of_linear_contracts() -> None:
    exchange = an_exchange(FLAT)
    payload: Payload = instrument_payload(exchange.markets["BTCUSDT"], exchange.funding["BTCUSDT"])
    assert payload["priceFilter"] == {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"}
    assert payload["contractType"] == "LinearPerpetual"


def test_flat_and_open_positions_have_the_same_fields() -> None:
    exchange = an_exchange(FLAT)
    flat = positions.position_payload(exchange, exchange.positions["BTCUSDT"])
    order(exchange, "Buy", "1")
    assert set(positions.position_payload(exchange, exchange.positions["BTCUSDT"])) == set(flat)
