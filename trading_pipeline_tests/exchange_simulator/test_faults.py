import json
from pathlib import Path

import pytest
import requests
from pybit.exceptions import FailedRequestError, InvalidRequestError
from pybit.unified_trading import HTTP
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from trading_pipeline.exchange_simulator.faults import FaultKind
from trading_pipeline.exchange_simulator.server import Addresses

ENTRY = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
CREATE = "/v5/order/create"


def arm(venue: Addresses, **fault: object) -> requests.Response:
    return requests.post(f"{venue.rest_url}/simulator/faults", json=fault, timeout=5)


def test_every_kind_has_a_line_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "exchange_simulator.md").read_text()
    assert [kind for kind in FaultKind if f"`{kind}`" not in page] == []


def test_dropped_response_leaves_an_order_behind(venue: Addresses, client: HTTP) -> None:
    arm(venue, kind="drop_response", path=CREATE, count=1)
    with pytest.raises((requests.ConnectionError, FailedRequestError)):
        client.place_order(**ENTRY, orderLinkId="lost")
    [found] = client.get_open_orders(category="linear", orderLinkId="lost")["result"]["list"]
    assert found["orderStatus"] == "Filled"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "http_500"}, 500),
        ({"kind": "ret_code_10000"}, 10000),
        ({"kind": "ret_code_10016"}, 10016),
        ({"kind": "reject", "ret_code": 110007}, 110007),
    ],
)
def test_refusing_fault_hits_the_next_requests_and_makes_no_order(
    venue: Addresses, client: HTTP, fault: dict[str, object], code: int
) -> None:
    arm(venue, path=CREATE, count=2, **fault)
    for _ in range(2):
        with pytest.raises((InvalidRequestError, FailedRequestError)) as caught:
            client.place_order(**ENTRY)
        assert caught.value.status_code == code
    client.place_order(**ENTRY)
    assert len(client.get_executions(category="linear")["result"]["list"]) == 1


@pytest.mark.parametrize("stream", ["public_ws_url", "private_ws_url"])
def test_malformed_frame_arrives_once_and_the_stream_goes_on(venue: Addresses, stream: str) -> None:
    with connect(getattr(venue, stream)) as socket:
        socket.send(json.dumps({"op": "ping"}))
        socket.recv(timeout=5)
        arm(venue, kind="malformed_frame")
        with pytest.raises(json.JSONDecodeError):
            json.loads(socket.recv(timeout=5))
        socket.send(json.dumps({"op": "ping"}))
        assert "pong" in socket.recv(timeout=5)


def test_disconnect_ends_every_stream(venue: Addresses) -> None:
    with connect(venue.public_ws_url) as public, connect(venue.private_ws_url) as private:
        for socket in (public, private):
            socket.send(json.dumps({"op": "ping"}))
            socket.recv(timeout=5)
        arm(venue, kind="disconnect")
        for socket in (public, private):
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kind": "reject"}, {"kind": "reject", "path": "/", "count": 0}]
)
def test_unknown_or_incomplete_fault_is_refused(venue: Addresses, fault: dict[str, object]) -> None:
    response = arm(venue, **fault)
    assert response.status_code == 400
    assert "error" in response.json()
