import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.book import best_prices
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline.exchange_simulator.order_entry import check_band
from trading_pipeline.exchange_simulator.payloads.market import book_payload, price_limits, ticker_payload
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, an_exchange, order

BARS = [(100.0, 103.0, 99.0, 102.0), (102.0, 102.3, 101.6, 101.7), (101.7, 101.8, 101.6, 101.7)]
Message = dict[str, object]


class Client:
    """Listens to one topic and keeps what it is told as the venue's pages say."""

    def __init__(self, hub: Hub, feed: MarketFeed, topic: str) -> None:
        self.connection = Connection()
        self.kinds: list[object] = []
        self.numbers: list[int] = []
        self.state: Message = {}
        feed.prepare([topic])
        hub.subscribe(self.connection, [topic])
        feed.send_snapshot(self.connection, topic)

    def read(self) -> Message:
        """Read everything that was sent."""
        while not self.connection.outgoing.empty():
            message = json.loads(self.connection.outgoing.get_nowait())
            self.kinds.append(message.get("type"))
            self.numbers.append(message.get("cs") or message["data"].get("u"))
            self.state = message["data"] if message.get("type") != "delta" else merged(self.state, message["data"])
        return self.state


def merged(state: Message, delta: Message) -> Message:
    """A snapshot with a delta applied; books are lists of price and size."""
    result = state | delta
    for side, falling in (("b", True), ("a", False)):
        if side in state:
            levels = {price: size for price, size in [*state[side], *delta[side]] if price}  # type: ignore[misc]
            kept = [[price, size] for price, size in levels.items() if size != "0"]
            result[side] = sorted(kept, key=lambda level: Decimal(level[0]), reverse=falling)
    return result


def fresh(exchange: Exchange, topic: str) -> Message:
    """What a query says now about the same thing."""
    market = exchange.markets["BTCUSDT"]
    if topic.startswith("tickers"):
        return ticker_payload(market, exchange.funding["BTCUSDT"], exchange.now_ms, 0)
    if topic.startswith("priceLimit"):
        return price_limits(market)
    return book_payload(market, int(topic.split(".")[1]), exchange.now_ms, 0)


TOPICS = ["tickers.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT", "priceLimit.BTCUSDT"]


@pytest.mark.parametrize("topic", TOPICS)
@given(steps=st.lists(st.integers(1_000, STEP_MS), min_size=1, max_size=6), joins=st.integers(0, 5))
def test_snapshot_and_deltas_are_what_a_query_says_whenever_one_begins_to_listen(
    topic: str, steps: list[int], joins: int
) -> None:
    exchange, hub = an_exchange(*BARS), Hub()
    feed = MarketFeed(exchange, hub)
    clients = [Client(hub, feed, topic)]
    left = len(BARS) * STEP_MS
    for number, step in enumerate(steps):
        advance(exchange, exchange.now_ms + min(step, left))
        left -= min(step, left)
        if number == joins:
            clients.append(Client(hub, feed, topic))
        feed.announce()
    exchange.moment.move(exchange.now_ms + 1)
    feed.announce()
    expected = fresh(exchange, topic)
    for client in clients:
        told = client.read()
        # Day figures are told when the price moves; all that depends on the price is as fresh as the price.
        priced = [name for name in expected if name in ("lastPrice", "bid1Price", "ask1Price", "b", "a", "buyLmt")]
        assert [prices(told[name]) for name in priced] == [prices(expected[name]) for name in priced]


def prices(value: object) -> object:
    """Of a book the prices, whose sizes change without a price."""
    return [price for price, _ in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("topic", "later"),
    [("tickers.BTCUSDT", "delta"), ("orderbook.50.BTCUSDT", "delta"), ("orderbook.1.BTCUSDT", "snapshot")],
)
def test_a_snapshot_comes_first_and_numbers_are_without_a_gap(topic: str, later: str) -> None:
    exchange, hub = an_exchange(*BARS), Hub()
    feed = MarketFeed(exchange, hub)
    client = Client(hub, feed, topic)
    for _ in range(6):
        advance(exchange, exchange.now_ms + STEP_MS // 3)
        feed.announce()
    client.read()
    assert client.kinds == ["snapshot", *[later] * (len(client.kinds) - 1)]
    assert client.numbers == list(range(1, len(client.numbers) + 1))


def test_a_ticker_delta_says_only_what_is_another_than_before() -> None:
    exchange, hub = an_exchange((100.0, 100.2, 100.0, 100.1)), Hub()
    feed = MarketFeed(exchange, hub)
    client = Client(hub, feed, "tickers.BTCUSDT")
    before = client.read()
    advance(exchange, exchange.now_ms + STEP_MS // 3)
    feed.announce()
    delta = json.loads(client.connection.outgoing.get_nowait())["data"]
    assert delta["symbol"] == "BTCUSDT"
    assert "lastPrice" in delta
    assert "fundingRate" not in delta
    assert [name for name in delta if name != "symbol" and delta[name] == before[name]] == []


def test_best_prices_of_ticker_and_book_agree_with_their_sizes() -> None:
    exchange = an_exchange(FLAT)
    ticker, book = fresh(exchange, "tickers"), fresh(exchange, "orderbook.1.BTCUSDT")
    assert [[ticker["bid1Price"], ticker["bid1Size"]]] == book["b"]
    assert [[ticker["ask1Price"], ticker["ask1Size"]]] == book["a"]
    assert best_prices(exchange.markets["BTCUSDT"], 0) == (Decimal("99.9"), Decimal("100.1"))


def test_price_limits_are_where_orders_begin_to_be_refused() -> None:
    exchange = an_exchange(FLAT)
    limits = price_limits(exchange.markets["BTCUSDT"])
    tick = Decimal("0.1")
    for side, name, sign in (("Buy", "buyLmt", 1), ("Sell", "sellLmt", -1)):
        limit = Decimal(str(limits[name]))
        check_band(exchange, "BTCUSDT", side, limit)
        with pytest.raises(Rejection):
            check_band(exchange, "BTCUSDT", side, limit + sign * tick)


def test_a_liquidated_long_is_told_as_a_bought_position() -> None:
    exchange, hub = an_exchange((100, 100, 85, 86), balance=Decimal(120)), Hub()
    feed, connection = MarketFeed(exchange, hub), Connection()
    hub.subscribe(connection, ["allLiquidation.BTCUSDT"])
    order(exchange, "Buy", "10")
    advance(exchange, exchange.now_ms + STEP_MS)
    feed.announce()
    message = json.loads(connection.outgoing.get_nowait())
    assert (message["topic"], message["type"]) == ("allLiquidation.BTCUSDT", "snapshot")
    [entry] = message["data"]
    assert (entry["s"], entry["S"], entry["v"]) == ("BTCUSDT", "Buy", "10")


def test_the_order_stream_leaves_empty_what_the_query_calls_unknown() -> None:
    exchange = an_exchange(FLAT)
    order(exchange, "Buy", "1")
    [pushed] = [push.data for push in exchange.take_pushes() if push.topic == "order"]
    names = ("stopOrderType", "triggerPrice", "triggerBy", "tpTriggerBy", "slTriggerBy")
    assert {name: pushed[name] for name in names} == dict.fromkeys(names, "")
    order(exchange, "Sell", "1", triggerPrice="99", triggerDirection="2", reduceOnly="true")
    [pushed] = [push.data for push in exchange.take_pushes() if push.topic == "order"]
    assert (pushed["stopOrderType"], pushed["triggerPrice"], pushed["triggerBy"]) == ("Stop", "99", "LastPrice")
