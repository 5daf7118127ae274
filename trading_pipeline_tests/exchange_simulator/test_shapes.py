import hashlib
import hmac
import json
import time
from decimal import Decimal
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
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, an_exchange, order
from trading_pipeline_tests.exchange_simulator.comparisons import (
    BTC,
    NOTHING_TO_TELL,
    PAGES,
    PRIVATE_TOPICS,
    PUBLIC_TOPICS,
    Json,
    documented,
    missing,
)


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


@pytest.mark.parametrize("topic", PRIVATE_TOPICS)
def test_private_pushes_carry_every_documented_field(samples: Path, topic: str) -> None:
    exchange = an_exchange(FLAT)
    order(exchange, "Buy", "1")
    [entry, *_] = documented(samples, f"websocket/private/{topic}")["data"]  # type: ignore[misc]
    pushed = next(push.data for push in exchange.take_pushes() if push.topic == topic)
    # The example account pays an Indian tax and owns a fee coin; ours does neither.
    problems = [p for p in missing(entry, pushed) if not p.startswith(".extraFees")]
    assert problems == []


def test_public_messages_carry_every_documented_field(samples: Path) -> None:
    exchange, hub, connection = an_exchange((100, 100, 85, 86), balance=Decimal(120)), Hub(), Connection()
    feed = MarketFeed(exchange, hub)
    hub.subscribe(connection, list(PUBLIC_TOPICS))
    for topic in PUBLIC_TOPICS:
        feed.send_snapshot(connection, topic)
    order(exchange, "Buy", "10")
    advance(exchange, exchange.now_ms + STEP_MS)
    feed.announce()
    sent = [json.loads(connection.outgoing.get_nowait()) for _ in range(connection.outgoing.qsize())]
    told = {message["topic"]: message for message in reversed(sent)}
    problems = {
        topic: missing(documented(samples, f"websocket/public/{page}"), told[topic])
        for topic, page in PUBLIC_TOPICS.items()
    }
    assert problems == {topic: [] for topic in PUBLIC_TOPICS}


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
