import hashlib
import hmac
import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline.exchange_simulator.payloads import positions
from trading_pipeline.exchange_simulator.payloads.market import instrument_payload
from trading_pipeline.exchange_simulator.routes.catalog import PUBLIC, SIGNED
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order

BTC = {"category": "linear", "symbol": "BTCUSDT"}
Json = dict[str, object]


def documented(samples: Path, page: str) -> Json:
    """The fields of a page's first documented answer; their values are empty ones of the documented type."""
    pages: dict[str, Json] = json.loads((samples / "bybit_documented_fields.json").read_text())
    return pages[page]


LIMIT: Json = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000"}
MARKET: Json = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.02"}


def ask(client: HTTP, method: str, path: str, request: Json) -> Json:
    """The answer as it came, refused or not, signed like any request of the client's."""
    payload = json.dumps(request) if method == "POST" else urlencode(request)
    timestamp, key = str(int(time.time() * 1000)), str(client.api_key)
    text = f"{timestamp}{key}5000{payload}"
    sign = hmac.new(str(client.api_secret).encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {"X-BAPI-API-KEY": key, "X-BAPI-TIMESTAMP": timestamp, "X-BAPI-SIGN": sign, "X-BAPI-RECV-WINDOW": "5000"}
    url = f"{client.endpoint}{path}" + (f"?{payload}" if method == "GET" else "")
    answer: Json = requests.request(
        method, url, data=payload if method == "POST" else None, headers=headers, timeout=5
    ).json()
    return answer


# In the order in which they are asked: what is listed has to be there first. Page, method, path, request.
PAGES: list[tuple[str, str, str, Json]] = [
    ("order/create-order", "POST", "/v5/order/create", MARKET | {"stopLoss": "30000"}),
    ("order/create-order", "POST", "/v5/order/create", MARKET | {"side": "Sell", "qty": "0.01"}),
    ("order/create-order", "POST", "/v5/order/create", LIMIT | {"orderLinkId": "a"}),
    ("order/amend-order", "POST", "/v5/order/amend", {"symbol": "BTCUSDT", "orderLinkId": "a", "price": "39000"}),
    ("position/trading-stop", "POST", "/v5/position/trading-stop", {**BTC, "positionIdx": 0, "stopLoss": "31000"}),
    ("position/leverage", "POST", "/v5/position/set-leverage", {**BTC, "buyLeverage": "9", "sellLeverage": "9"}),
    ("market/time", "GET", "/v5/market/time", {}),
    ("market/kline", "GET", "/v5/market/kline", {"interval": "15"}),
    ("market/mark-kline", "GET", "/v5/market/mark-price-kline", {"interval": "15"}),
    ("market/index-kline", "GET", "/v5/market/index-price-kline", {"interval": "15"}),
    ("market/premium-index-kline", "GET", "/v5/market/premium-index-price-kline", {"interval": "15"}),
    ("market/instrument", "GET", "/v5/market/instruments-info", {}),
    ("market/tickers", "GET", "/v5/market/tickers", {}),
    ("market/orderbook", "GET", "/v5/market/orderbook", {"limit": 1}),
    ("market/recent-trade", "GET", "/v5/market/recent-trade", {}),
    ("market/history-fund-rate", "GET", "/v5/market/funding/history", {}),
    ("market/order-price-limit", "GET", "/v5/market/price-limit", {}),
    ("market/risk-limit", "GET", "/v5/market/risk-limit", {}),
    ("market/open-interest", "GET", "/v5/market/open-interest", {"intervalTime": "1h"}),
    ("market/long-short-ratio", "GET", "/v5/market/account-ratio", {"period": "1h"}),
    ("system-status", "GET", "/v5/system/status", {}),
    ("account/wallet-balance", "GET", "/v5/account/wallet-balance", {"accountType": "UNIFIED"}),
    ("account/account-info", "GET", "/v5/account/info", {}),
    ("account/fee-rate", "GET", "/v5/account/fee-rate", {}),
    ("account/transaction-log", "GET", "/v5/account/transaction-log", {}),
    ("account/set-margin-mode", "POST", "/v5/account/set-margin-mode", {"setMarginMode": "REGULAR_MARGIN"}),
    (
        "order/dcp",
        "POST",
        "/v5/order/disconnected-cancel-all",
        {"product": "DERIVATIVES", "timeWindow": 40},
    ),
    ("account/dcp-info", "GET", "/v5/account/query-dcp-info", {}),
    ("asset/coin-info", "GET", "/v5/asset/coin/query-info", {}),
    ("user/apikey-info", "GET", "/v5/user/query-api", {}),
    ("position/position", "GET", "/v5/position/list", {}),
    ("position/close-pnl", "GET", "/v5/position/closed-pnl", {}),
    ("position/position-mode", "POST", "/v5/position/switch-mode", {"symbol": "", "coin": "USDT", "mode": 0}),
    ("order/open-order", "GET", "/v5/order/realtime", {}),
    ("order/execution", "GET", "/v5/execution/list", {}),
    ("order/cancel-order", "POST", "/v5/order/cancel", {"orderLinkId": "a"}),
    ("order/order-list", "GET", "/v5/order/history", {}),
    ("order/batch-place", "POST", "/v5/order/create-batch", {"request": [LIMIT | {"orderLinkId": "b"}]}),
    ("order/batch-amend", "POST", "/v5/order/amend-batch", {"request": [LIMIT | {"orderLinkId": "b", "qty": "0.02"}]}),
    ("order/batch-cancel", "POST", "/v5/order/cancel-batch", {"request": [LIMIT | {"orderLinkId": "b"}]}),
    ("order/create-order", "POST", "/v5/order/create", LIMIT),
    ("order/cancel-all", "POST", "/v5/order/cancel-all", {}),
]
NOTHING_TO_TELL = {
    "/v5/system/status": ["result.list: empty"],  # no maintenance here
    "/v5/account/set-margin-mode": ["result.reasons: empty"],  # the example is a refusal
}


def test_every_answer_carries_every_documented_field_in_its_type(samples: Path, client: HTTP) -> None:
    problems = {}
    for page, method, path, request in PAGES:
        expected, answer = documented(samples, page), ask(client, method, path, BTC | request)
        assert answer["retCode"] == 0, (path, answer)
        found = [text for name in expected for text in missing(expected[name], answer.get(name), name)]
        if found != NOTHING_TO_TELL.get(path, []):
            problems[path] = found
    assert problems == {}


def test_every_endpoint_is_compared_with_its_page() -> None:
    assert {(method, path) for _, method, path, _ in PAGES} == {*PUBLIC, *SIGNED}


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
