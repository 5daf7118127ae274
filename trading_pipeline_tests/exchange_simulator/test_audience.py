"""Questions cost the same whoever listens, and a client that stops reading is let go."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
import requests
from websockets.sync.client import connect

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.hub import Connection
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, an_exchange

START = datetime(2025, 11, 1, tzinfo=UTC)
FREE = Configuration(symbols=("BTCUSDT", "SOLUSDT"), seed=7, start=START, speed=600.0)


@pytest.fixture
def free(generated: dict[str, BarSeries]) -> Venue:
    """An exchange whose clock runs free, without the task that tells what happened."""
    return assemble(FREE, generated, START, "test")


def ask(venue: Venue, path: str, query: bytes = b"") -> dict[str, object]:
    """One GET through the application, as a server asks it."""
    answered: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        answered.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": query}
    asyncio.run(Application(venue)(scope, receive, send))  # type: ignore[arg-type]
    body: dict[str, object] = json.loads(answered[1]["body"])  # type: ignore[arg-type]
    return body


@pytest.mark.parametrize("path", ["market/time", "market/tickers", "market/orderbook", "market/kline"])
def test_reading_tells_the_listeners_nothing(free: Venue, path: str) -> None:
    connection = Connection()
    free.public.subscribe(connection, ["kline.5.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT"])
    while free.clock.now_ms() < to_ms(START) + STEP_MS:
        time.sleep(0.01)
    ask(free, f"/v5/{path}", b"category=linear&symbol=BTCUSDT&interval=5")
    assert connection.outgoing.empty()
    free.catch_up()
    free.feed.announce()
    assert connection.outgoing.qsize() >= 3


def test_asking_the_time_moves_nothing(free: Venue) -> None:
    before = free.exchange.now_ms
    while free.clock.now_ms() == before:
        time.sleep(0.001)
    answer = ask(free, "/v5/market/time")
    assert int(answer["time"]) > before  # type: ignore[call-overload]
    assert free.exchange.now_ms == before


def test_a_price_nobody_watches_is_where_one_that_is_watched_is() -> None:
    bars = ((100, 104, 98, 103), (105, 106, 90, 91))
    quiet, watched = an_exchange(*bars, symbols=("BTCUSDT", "ETHUSDT")), an_exchange(*bars)
    create(watched, {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "1"})
    create(watched, limit("Buy", "96"))
    for part in range(1, 40):
        for exchange in (quiet, watched):
            advance(exchange, exchange.now_ms + STEP_MS // 19)
        assert quiet.markets["ETHUSDT"].last == watched.markets["BTCUSDT"].last, part


def limit(side: str, price: str) -> dict[str, str]:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": side, "orderType": "Limit"}
    return {**order, "qty": "1", "price": price}


def test_an_order_placed_in_the_middle_of_a_leg_meets_the_rest_of_it() -> None:
    exchange: Exchange = an_exchange((100, 109, 100, 104))
    advance(exchange, exchange.now_ms + STEP_MS // 6)
    assert exchange.markets["BTCUSDT"].last == Decimal("104.5")
    create(exchange, limit("Buy", "102"))
    create(exchange, limit("Sell", "106"))
    advance(exchange, exchange.now_ms + STEP_MS // 3)
    assert [(str(one.price), one.order.terms.side) for one in exchange.executions] == [("106", "Sell")]


@pytest.fixture
def busy(generated: dict[str, BarSeries]) -> Iterator[Addresses]:
    with running_venue(assemble(FREE, generated, START, "test")) as addresses:
        yield addresses


def test_a_client_that_stops_reading_is_disconnected_and_the_others_are_served(busy: Addresses) -> None:
    with connect(busy.public_ws_url) as reader:
        reader.send(json.dumps({"op": "subscribe", "args": ["tickers.BTCUSDT"]}))
        raw = handshake(busy)
        flood(raw)
        assert json.loads(reader.recv(timeout=5))
        assert requests.get(f"{busy.rest_url}/v5/market/time", timeout=5).json()["retCode"] == 0
        status = requests.get(f"{busy.rest_url}/simulator/status", timeout=5).json()
        assert status["public_connections"] == 1
    raw.close()


def handshake(venue: Addresses) -> socket.socket:
    """A WebSocket by hand, with a small receive buffer and nobody who reads it."""
    address = urlsplit(venue.public_ws_url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect((address.hostname, address.port))
    head = f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    raw.sendall(f"{head}Sec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    assert raw.recv(4096).startswith(b"HTTP/1.1 101")
    return raw


def flood(raw: socket.socket) -> None:
    """Send malformed commands, each of which is answered at once, until the other side has had enough."""
    frame = bytes([0x81, 0x80 | 1, 0, 0, 0, 0]) + b"x"
    try:
        for _ in range(2000):
            raw.sendall(frame * 1000)
    except (ConnectionResetError, BrokenPipeError):
        return
    raise AssertionError("the exchange went on taking commands whose answers nobody read")
