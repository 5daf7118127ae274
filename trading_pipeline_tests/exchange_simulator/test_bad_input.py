"""Whatever is sent is answered in the venue's envelope with the venue's code, and changes nothing."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.authentication import Credentials
from trading_pipeline.exchange_simulator.rate_limits import RateLimits
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline_tests.exchange_simulator.builders import order
from trading_pipeline_tests.exchange_simulator.conftest import LOCK_STEP

LIMIT = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "60000",
}
HUGE = ("1e400", "1e999999999", "9" * 29, "9" * 5000, 10**400, "1" * 28 + ".5")
FOREIGN = (
    *("\uff11\uff12", "\u0663", "\u00b2", "1_000", " 5", "5 ", "0x10", "NaN", "sNaN", "Infinity", "-5", "1e"),
    *("\x00", "\ud800", {}, [1]),
)


def shown(value: object) -> str:
    return ascii(value)[:20]


@pytest.fixture(scope="module")
def venue() -> Venue:
    """It holds a position, so that stops are judged by their own words."""
    venue = build(LOCK_STEP, "test")
    order(venue.exchange, "Buy", "0.01")
    return venue


def ask(venue: Venue, method: str, path: str, payload: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and body of a request, as a server hands it to the application."""
    content = payload.encode("utf-8", "surrogatepass")
    query, body = (content, b"") if method == "GET" else (b"", content)
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": query}
    said: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        said.append(message.get("status", message.get("body")))

    asyncio.run(Application(venue)(scope, receive, send))
    status, answer = said
    return status, json.loads(answer)


def signed(keys: Credentials, payload: str, at_ms: int) -> dict[str, str]:
    text = f"{at_ms}{keys.api_key}5000{payload}"
    return {
        "x-bapi-api-key": keys.api_key,
        "x-bapi-timestamp": str(at_ms),
        "x-bapi-sign": keys.signature(text),
        "x-bapi-recv-window": "5000",
    }


def code(venue: Venue, path: str, request: Mapping[str, object]) -> int:
    """What a signed POST is answered with."""
    # Between two requests of the test no time passes, and nobody may send eleven orders in a second.
    venue.seat("").rate_limits = RateLimits()
    payload = json.dumps(request)
    status, body = ask(venue, "POST", path, payload, signed(venue.credentials, payload, venue.told_ms()))
    assert status == 200
    return int(body["retCode"])


@pytest.mark.parametrize("value", [*HUGE, *FOREIGN], ids=shown)
@pytest.mark.parametrize("name", ["qty", "price", "triggerPrice", "stopLoss", "takeProfit", "positionIdx"])
def test_a_number_that_is_none_or_larger_than_anything_traded_is_refused(
    venue: Venue, name: str, value: object
) -> None:
    request = LIMIT | {name: value, "triggerDirection": 2}
    assert code(venue, "/v5/order/create", request) in {10001, 110003}
    assert venue.exchange.orders.active() == []


@pytest.mark.parametrize("value", [*HUGE, *FOREIGN], ids=shown)
def test_leverage_and_stops_of_such_a_number_are_refused(venue: Venue, value: object) -> None:
    levers = {"category": "linear", "symbol": "BTCUSDT", "buyLeverage": value, "sellLeverage": value}
    assert code(venue, "/v5/position/set-leverage", levers) == 10001
    stops = {"category": "linear", "symbol": "BTCUSDT", "stopLoss": value}
    assert code(venue, "/v5/position/trading-stop", stops) == 10001


@pytest.mark.parametrize(
    ("header", "value", "refused"),
    [
        ("x-bapi-timestamp", "\u00b2", 10001),
        ("x-bapi-timestamp", "9" * 5000, 10001),
        ("x-bapi-recv-window", "\u00b2", 10001),
        ("x-bapi-recv-window", "-1", 10001),
        ("x-bapi-sign", "é", 10004),
        ("x-bapi-api-key", "é", 10003),
    ],
)
def test_headers_that_are_no_numbers_or_no_ascii_are_refused(
    venue: Venue, header: str, value: str, refused: int
) -> None:
    headers = signed(venue.credentials, "accountType=UNIFIED", venue.told_ms()) | {header: value}
    status, body = ask(venue, "GET", "/v5/account/wallet-balance", "accountType=UNIFIED", headers)
    assert (status, body["retCode"]) == (200, refused)


@pytest.mark.parametrize(
    "body", ["", "null", "[]", '"x"', "{", "[" * 100_000, '{"a":' * 100_000, "\x00", "1" * 2_000_000]
)
def test_a_body_that_is_no_json_object_is_refused(venue: Venue, body: str) -> None:
    headers = signed(venue.credentials, body, venue.told_ms())
    status, answer = ask(venue, "POST", "/v5/position/switch-mode", body, headers)
    assert (status, answer["retCode"]) in {(200, 10001), (200, 10004)}


@pytest.mark.parametrize("path", ["/v5/market/open-interest", "/v5/market/account-ratio"])
@pytest.mark.parametrize("cursor", ["1" * 30, str(10**17), "4102444800001"])
def test_no_cursor_pages_into_the_future(venue: Venue, path: str, cursor: str) -> None:
    asked = {"category": "linear", "symbol": "BTCUSDT", "intervalTime": "5min", "period": "5min", "cursor": cursor}
    _, body = ask(venue, "GET", path, urlencode(asked), {})
    rows = body["result"].get("list", [])
    assert body["retCode"] in {0, 10001}
    assert all(int(row["timestamp"]) <= venue.exchange.now_ms for row in rows)
    assert rows or body["retCode"]
