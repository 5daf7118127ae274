import hashlib
import hmac
import json
import time

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trading_pipeline.exchange_simulator.server import Addresses


def ask(socket: ClientConnection, command: object) -> dict[str, object]:
    """Send one command and read the next message."""
    socket.send(command if isinstance(command, str) else json.dumps(command))
    answer: dict[str, object] = json.loads(socket.recv(timeout=5))
    return answer


def auth(venue: Addresses, *, secret: str = "", lifetime_ms: int = 1000) -> dict[str, object]:
    expires = int(time.time() * 1000) + lifetime_ms
    text = f"GET/realtime{expires}".encode()
    sign = hmac.new((secret or venue.api_secret).encode(), text, hashlib.sha256).hexdigest()
    return {"op": "auth", "args": [venue.api_key, expires, sign]}


def test_public_ping_is_answered_in_the_venues_form(venue: Addresses) -> None:
    with connect(venue.public_ws_url) as socket:
        answer = ask(socket, {"op": "ping", "req_id": "7"})
    assert (answer["op"], answer["ret_msg"], answer["req_id"], answer["success"]) == ("ping", "pong", "7", True)


def test_private_ping_is_answered_in_the_venues_form(venue: Addresses) -> None:
    with connect(venue.private_ws_url) as socket:
        answer = ask(socket, {"op": "ping"})
    assert answer["op"] == "pong"
    assert "success" not in answer


@pytest.mark.parametrize(
    "topic",
    [
        "kline.7.BTCUSDT",
        "kline.15.FOOUSDT",
        "trades.BTCUSDT",
        "kline.BTCUSDT",
        "orderbook.7.BTCUSDT",
    ],
)
def test_unknown_topic_refuses_the_whole_subscription(venue: Addresses, topic: str) -> None:
    with connect(venue.public_ws_url) as socket:
        answer = ask(socket, {"op": "subscribe", "args": ["tickers.BTCUSDT", topic], "req_id": "1"})
    assert (answer["success"], answer["ret_msg"]) == (False, f"error:handler not found,topic:{topic}")
    status = requests.get(f"{venue.rest_url}/simulator/status", timeout=5).json()
    assert status["kline_subscriptions"] == 0


def test_second_subscription_to_a_topic_is_refused(venue: Addresses) -> None:
    command = {"op": "subscribe", "args": ["publicTrade.BTCUSDT"]}
    with connect(venue.public_ws_url) as socket:
        assert ask(socket, command)["success"] is True
        assert ask(socket, command)["ret_msg"] == "error:already subscribed,topic:publicTrade.BTCUSDT"


def test_a_connection_takes_so_many_characters_of_topics_whatever_messages_they_come_in(venue: Addresses) -> None:
    rest: dict[str, object] = {"op": "subscribe", "args": ["x" * 20_980]}
    with connect(venue.public_ws_url) as socket:
        assert ask(socket, rest)["ret_msg"].startswith("error:handler not found")
        ask(socket, {"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
        assert ask(socket, rest)["ret_msg"] == "error:args exceed the maximum length"


def test_unsubscribed_topic_is_silent(venue: Addresses) -> None:
    with connect(venue.public_ws_url) as socket:
        ask(socket, {"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
        ask(socket, {"op": "unsubscribe", "args": ["publicTrade.BTCUSDT"]})
        requests.post(f"{venue.rest_url}/simulator/advance", timeout=5)
        assert ask(socket, {"op": "ping"})["ret_msg"] == "pong"


@pytest.mark.parametrize(
    "command",
    ["no json", "[1]", '"text"', '{"op": "dance"}', '{"op": "subscribe"}', "[" * 90_000],
    ids=["no json", "a list", "a text", "unknown", "without topics", "too deep"],
)
def test_malformed_command_is_answered_and_the_connection_lives(venue: Addresses, command: str) -> None:
    with connect(venue.public_ws_url) as socket:
        assert ask(socket, command)["success"] is False
        assert ask(socket, {"op": "ping"})["ret_msg"] == "pong"


def test_a_message_longer_than_any_command_ends_its_connection_alone(venue: Addresses) -> None:
    with connect(venue.public_ws_url) as other, connect(venue.public_ws_url) as socket:
        socket.send("x" * 200_000)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        assert ask(other, {"op": "ping"})["ret_msg"] == "pong"


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "x" * 3_000_000, b"\xff\xfe", '{"qty": 1'], ids=["deep", "long", "binary", "cut"]
)
def test_a_body_that_cannot_be_read_is_refused_by_the_venues_code(venue: Addresses, body: str | bytes) -> None:
    timestamp = str(int(time.time() * 1000))
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    sign = hmac.new(venue.api_secret.encode(), f"{timestamp}{venue.api_key}5000{text}".encode(), hashlib.sha256)
    headers = {"X-BAPI-API-KEY": venue.api_key, "X-BAPI-TIMESTAMP": timestamp, "X-BAPI-SIGN": sign.hexdigest()}
    answer = requests.post(f"{venue.rest_url}/v5/order/create", data=body, headers=headers, timeout=10)
    assert answer.json()["retCode"] in (10001, 10004)
    assert requests.get(f"{venue.rest_url}/v5/market/time", timeout=5).json()["retCode"] == 0


def test_private_topics_need_auth(venue: Addresses) -> None:
    with connect(venue.private_ws_url) as socket:
        assert ask(socket, {"op": "subscribe", "args": ["order"]})["success"] is False
        assert ask(socket, auth(venue))["success"] is True
        assert ask(socket, {"op": "subscribe", "args": ["order", "wallet"]})["success"] is True


@pytest.mark.parametrize("changes", [{"secret": "wrong"}, {"lifetime_ms": -(10**11)}], ids=["secret", "expired"])
def test_failed_auth_is_answered_and_closes_the_connection(venue: Addresses, changes: dict[str, object]) -> None:
    with connect(venue.private_ws_url) as socket:
        assert ask(socket, auth(venue, **changes))["success"] is False  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)


def test_status_counts_connections_and_distinct_kline_topics(venue: Addresses) -> None:
    with connect(venue.public_ws_url) as one, connect(venue.public_ws_url) as two:
        ask(one, {"op": "subscribe", "args": ["kline.15.BTCUSDT", "kline.60.BTCUSDT"]})
        ask(two, {"op": "subscribe", "args": ["kline.15.BTCUSDT"]})
        status = requests.get(f"{venue.rest_url}/simulator/status", timeout=5).json()
    assert (status["public_connections"], status["kline_subscriptions"]) == (2, 2)
