import asyncio
import json
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import requests
from pybit.unified_trading import HTTP
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.comparisons import COMMANDS, documented, missing
from trading_pipeline_tests.exchange_simulator.conftest import LOCK_STEP
from trading_pipeline_tests.exchange_simulator.test_streams import ask, auth

BTC = {"category": "linear", "symbol": "BTCUSDT"}
LIMIT = {**BTC, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "54000", "orderLinkId": "a"}


@pytest.fixture
def stranger(venue: Addresses) -> Iterator[ClientConnection]:
    """A connection that has not said who it is."""
    with connect(venue.private_ws_url.replace("/v5/private", "/v5/trade")) as socket:
        yield socket


@pytest.fixture
def trade(venue: Addresses, stranger: ClientConnection) -> ClientConnection:
    """A connection that may trade."""
    assert ask(stranger, auth(venue))["retCode"] == 0
    return stranger


def command(operation: str, request: object, **rest: object) -> dict[str, object]:
    header = {"X-BAPI-TIMESTAMP": str(int(time.time() * 1000))}
    return {"op": operation, "header": header, "args": [request], **rest}


def test_an_order_is_created_amended_and_cancelled_over_the_stream(trade: ClientConnection, client: HTTP) -> None:
    created = ask(trade, command("order.create", LIMIT, reqId="7"))
    assert (created["retCode"], created["reqId"], created["data"]["orderLinkId"]) == (0, "7", "a")  # type: ignore[index]
    assert ask(trade, command("order.amend", {**BTC, "orderLinkId": "a", "price": "53900"}))["retCode"] == 0
    [order] = client.get_open_orders(**BTC)["result"]["list"]
    assert (order["orderId"], order["price"]) == (created["data"]["orderId"], "53900")  # type: ignore[index]
    assert ask(trade, command("order.cancel", {**BTC, "orderLinkId": "a"}))["retCode"] == 0
    assert client.get_open_orders(**BTC)["result"]["list"] == []


def test_answers_carry_every_documented_field(samples: Path, venue: Addresses, trade: ClientConnection) -> None:
    told, problems = {}, {}
    for operation, frame, page, request in COMMANDS:
        told[operation] = answer = ask(trade, command(operation, request, reqId="1"))
        # "Keep the same as result on rest api response", says the page of every command.
        expected = documented(samples, f"websocket/trade/{frame}") | {"data": documented(samples, page)["result"]}
        problems[operation] = missing(expected, answer)
    assert problems == {operation: [] for operation in told}
    assert {answer["retCode"] for answer in told.values()} == {0}
    for name, answer in {"pong": ask(trade, {"op": "ping"}), "auth": ask(trade, auth(venue))}.items():
        assert missing(documented(samples, f"websocket/trade/{name}"), answer) == []


def test_the_limit_of_orders_is_one_for_both_ways(trade: ClientConnection, client: HTTP) -> None:
    client.place_order(**LIMIT)
    header = ask(trade, command("order.create", LIMIT | {"orderLinkId": "b"}))["header"]
    assert (header["X-Bapi-Limit"], header["X-Bapi-Limit-Status"]) == ("10", "8")  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"args": [LIMIT | {"price": "90000"}]}, 110003),
        ({"op": "order.dance"}, 10404),
        ({"args": ["no object"]}, 10001),
        ({"args": []}, 10001),
        ({"args": [LIMIT, LIMIT]}, 10001),
        ({"header": {"X-BAPI-TIMESTAMP": "1000"}}, 10002),
        ({"header": {}}, 10001),
        ({"header": None}, 10001),
    ],
)
def test_refused_orders_have_the_venues_code_and_change_nothing(
    trade: ClientConnection, client: HTTP, changes: dict[str, object], code: int
) -> None:
    assert ask(trade, command("order.create", LIMIT) | changes)["retCode"] == code
    assert client.get_open_orders(**BTC)["result"]["list"] == []


def test_nobody_trades_who_has_not_said_who_he_is(stranger: ClientConnection, client: HTTP) -> None:
    assert ask(stranger, command("order.create", LIMIT))["retCode"] == 10003
    assert client.get_open_orders(**BTC)["result"]["list"] == []


def test_a_wrong_signature_closes_the_connection(venue: Addresses, stranger: ClientConnection) -> None:
    assert ask(stranger, auth(venue, secret="wrong"))["retCode"] == 10004
    with pytest.raises(ConnectionClosed):
        json.loads(stranger.recv(timeout=5))


def arm(venue: Addresses, **fault: object) -> None:
    answer = requests.post(f"{venue.rest_url}/simulator/faults", json=fault, timeout=5)
    assert answer.status_code == 200, answer.text


def sent(client: HTTP, link_id: str) -> bool:
    """Whether an order with the client's id exists."""
    return bool(client.get_open_orders(category="linear", orderLinkId=link_id)["result"]["list"])


def test_a_fault_hits_a_request_whichever_way_it_comes(venue: Addresses, trade: ClientConnection, client: HTTP) -> None:
    create = "/v5/order/create"
    for number, (fault, code, accepted) in enumerate(
        [
            ({"kind": "reject", "ret_code": 10019}, 10019, False),
            ({"kind": "ret_code_10000"}, 10000, False),
            ({"kind": "ret_code_10016", "accepted": True}, 10016, True),
            ({"kind": "rate_limited"}, 10006, False),
            ({"kind": "slow", "seconds": 0.3}, 0, True),
            ({"kind": "stream_first"}, 0, True),
        ]
    ):
        arm(venue, path=create, symbol="BTCUSDT", **fault)
        began = time.monotonic()
        answer = ask(trade, command("order.create", LIMIT | {"orderLinkId": f"f{number}"}))
        assert (answer["retCode"], sent(client, f"f{number}")) == (code, accepted), fault
        assert (time.monotonic() - began > 0.3) == (fault["kind"] == "slow")
        client.cancel_all_orders(**BTC)
    arm(venue, kind="half_open", path=create)
    trade.send(json.dumps(command("order.create", LIMIT | {"orderLinkId": "swallowed"})))
    assert ask(trade, {"op": "ping"})["op"] == "pong"
    assert not sent(client, "swallowed")


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [({"kind": "drop_response"}, True), ({"kind": "http_500"}, False), ({"kind": "html", "accepted": True}, True)],
)
def test_an_answer_that_is_lost_ends_the_connection(
    venue: Addresses, trade: ClientConnection, client: HTTP, fault: dict[str, object], accepted: bool
) -> None:
    arm(venue, path="/v5/order/create", **fault)
    trade.send(json.dumps(command("order.create", LIMIT | {"orderLinkId": "lost"})))
    with pytest.raises(ConnectionClosed):
        trade.recv(timeout=5)
    assert sent(client, "lost") == accepted


def test_a_suspended_symbol_takes_cancels_and_nothing_else(
    venue: Addresses, trade: ClientConnection, client: HTTP
) -> None:
    client.place_order(**LIMIT)
    arm(venue, kind="suspend", symbol="BTCUSDT")
    other = LIMIT | {"orderLinkId": "b"}
    batch = {"category": "linear", "request": [other, other | {"symbol": "SOLUSDT", "price": "100", "qty": "1"}]}
    assert ask(trade, command("order.create", other))["retCode"] == 110074
    assert ask(trade, command("order.amend", {**BTC, "orderLinkId": "a", "price": "53900"}))["retCode"] == 110074
    outcomes = ask(trade, command("order.create-batch", batch))["retExtInfo"]["list"]  # type: ignore[index]
    assert [one["code"] for one in outcomes] == [110074, 0]
    assert ask(trade, command("order.cancel", {**BTC, "orderLinkId": "a"}))["retCode"] == 0


def test_a_clock_that_is_wrong_is_wrong_for_both_ways(venue: Addresses, trade: ClientConnection) -> None:
    arm(venue, kind="clock_skew", seconds=-3600)
    assert ask(trade, command("order.create", LIMIT))["retCode"] == 10002


def test_a_disconnection_ends_the_order_stream_too(venue: Addresses, trade: ClientConnection) -> None:
    arm(venue, kind="disconnect")
    with pytest.raises(ConnectionClosed):
        trade.recv(timeout=5)


@pytest.mark.parametrize("path", ["/v5/private", "/v5/trade"])
def test_a_signature_is_judged_by_when_it_arrived_however_fast_the_clock_runs_while_it_is_read(path: str) -> None:
    venue = build(LOCK_STEP, "test")
    keys, expires = venue.credentials, venue.exchange.now_ms + 5_000
    arguments = [keys.api_key, expires, keys.signature(f"GET/realtime{expires}")]
    incoming = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": json.dumps({"op": "auth", "args": arguments})},
    ]
    answered = asyncio.Event()
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop(0)
        await answered.wait()
        return {"type": "websocket.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            said.append(json.loads(message["text"]))
            answered.set()

    async def log_in() -> None:
        connected = asyncio.create_task(Application(venue)({"type": "websocket", "path": path}, receive, send))
        while incoming:
            await asyncio.sleep(0)
        venue.step()
        await connected

    asyncio.run(log_in())
    assert venue.exchange.now_ms > expires
    assert said[0].get("success", not said[0].get("retCode"))
