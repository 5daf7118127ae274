import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pybit.unified_trading import HTTP
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.test_shapes import documented, missing
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
    batch = {"category": "linear", "request": [LIMIT]}
    answers = {
        "pong": ask(trade, {"op": "ping"}),
        "order.create": ask(trade, command("order.create", LIMIT | {"orderLinkId": ""}, reqId="1")),
        "order.create-batch": ask(trade, command("order.create-batch", batch)),
        "auth": ask(trade, auth(venue)),
    }
    assert {name: missing(documented(samples, f"websocket/trade/{name}"), one) for name, one in answers.items()} == (
        {name: [] for name in answers}
    )


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
