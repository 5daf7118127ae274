import queue
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pybit.unified_trading
import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP, WebSocket

from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline_tests.exchange_simulator.conftest import (
    LOCK_STEP,
    START,
    advance,
    last_price,
    pybit_client,
    wait_for_subscription,
)

Messages = queue.Queue[dict]
BTC = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture
def private(venue: Addresses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Messages]:
    """Everything the private stream says to pybit."""
    monkeypatch.setattr(pybit.unified_trading, "PRIVATE_WSS", venue.private_ws_url)
    messages: Messages = queue.Queue()
    stream = WebSocket(testnet=False, channel_type="private", api_key=venue.api_key, api_secret=venue.api_secret)
    for subscribe in (stream.order_stream, stream.execution_stream, stream.position_stream, stream.wallet_stream):
        subscribe(messages.put)
    wait_for_subscription(venue, "wallet")
    yield messages
    stream.exit()


@pytest.fixture
def public(venue: Addresses, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebSocket]:
    """pybit on the public stream."""
    monkeypatch.setattr(pybit.unified_trading, "PUBLIC_WSS", venue.public_ws_url)
    stream = WebSocket(testnet=False, channel_type="linear")
    yield stream
    stream.exit()


def until(messages: Messages, topic: str) -> dict:
    """The next entry of the topic; fails after five seconds without any message."""
    while (message := messages.get(timeout=5))["topic"] != topic:
        continue
    return message["data"][0]


def test_protected_entry_is_filled_reported_and_closed_by_its_stop(
    venue: Addresses, client: HTTP, private: Messages
) -> None:
    price = last_price(client)
    stop = round(price * 0.995, 1)
    client.set_leverage(**BTC, buyLeverage="5", sellLeverage="5")
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.01", stopLoss=str(stop), orderLinkId="plan_E")
    assert until(private, "execution")["orderLinkId"] == "plan_E"
    assert until(private, "position")["stopLoss"] == f"{stop:.10g}"
    [waiting] = client.get_open_orders(**BTC)["result"]["list"]
    assert (waiting["stopOrderType"], waiting["orderLinkId"], waiting["qty"]) == ("StopLoss", "", "0.01")
    client.set_trading_stop(**BTC, stopLoss=str(round(price * 0.9999, 1)), positionIdx=0, tpslMode="Full")
    while client.get_positions(**BTC)["result"]["list"][0]["side"]:
        advance(venue)
    [closing, entry] = client.get_executions(**BTC)["result"]["list"]
    assert (closing["stopOrderType"], closing["closedSize"], entry["orderLinkId"]) == ("StopLoss", "0.01", "plan_E")
    assert until(private, "execution")["execId"] == closing["execId"]


def test_targets_rest_at_the_venue_and_fill_as_maker(venue: Addresses, client: HTTP, private: Messages) -> None:
    price = last_price(client)
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.01")
    target = {"side": "Sell", "orderType": "Limit", "qty": "0.004", "reduceOnly": True}
    client.place_order(**BTC, **target, price=str(round(price * 1.001, 1)), orderLinkId="tp1")
    while client.get_open_orders(**BTC)["result"]["list"]:
        advance(venue)
    newest = client.get_executions(**BTC)["result"]["list"][0]
    assert (newest["orderLinkId"], newest["isMaker"], newest["feeRate"]) == ("tp1", True, "0.0002")
    [position] = client.get_positions(category="linear", settleCoin="USDT")["result"]["list"]
    assert position["size"] == "0.006"


def test_closed_bars_of_finer_intervals_arrive_before_the_coarser_one(venue: Addresses, public: WebSocket) -> None:
    messages: Messages = queue.Queue()
    for interval in (15, 5):
        public.kline_stream(interval, "BTCUSDT", messages.put)
    for _ in range(2):
        assert messages.get(timeout=5)["data"][0]["confirm"] is False
    advance(venue)
    closed = [messages.get(timeout=5)["data"][0] for _ in range(4)]
    assert [entry["interval"] for entry in closed] == ["5", "5", "5", "15"]
    assert all(entry["confirm"] for entry in closed)
    assert closed[0]["open"] == closed[3]["open"]
    assert closed[2]["close"] == closed[3]["close"]


@pytest.mark.parametrize(
    ("subscribe", "topic"),
    [("ticker_stream", "tickers.BTCUSDT"), ("trade_stream", "publicTrade.BTCUSDT")],
)
def test_tickers_and_trades_follow_the_walk(venue: Addresses, public: WebSocket, subscribe: str, topic: str) -> None:
    messages: Messages = queue.Queue()
    getattr(public, subscribe)(symbol="BTCUSDT", callback=messages.put)
    wait_for_subscription(venue, topic)
    advance(venue)
    assert messages.get(timeout=5)["topic"] == topic


def test_book_arrives_with_both_sides(public: WebSocket) -> None:
    messages: Messages = queue.Queue()
    public.orderbook_stream(50, "BTCUSDT", messages.put)
    book = messages.get(timeout=5)["data"]
    assert float(book["b"][0][0]) < float(book["a"][0][0])
    assert len(book["b"]) == len(book["a"]) == 50


@pytest.mark.parametrize(
    ("changes", "code"), [({"api_key": "SIMOTHER"}, 10003), ({"api_secret": "wrong"}, 10004)], ids=["key", "secret"]
)
def test_wrong_key_or_secret_is_refused(venue: Addresses, changes: dict[str, str], code: int) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        pybit_client(venue, **changes).get_wallet_balance(accountType="UNIFIED")
    assert caught.value.status_code == code


def test_balance_of_a_coin_is_that_coins(client: HTTP) -> None:
    [account] = client.get_wallet_balance(accountType="UNIFIED", coin="BTC,USDT")["result"]["list"]
    assert [(row["coin"], row["walletBalance"]) for row in account["coin"]] == [("BTC", "0"), ("USDT", "10000")]
    assert account["totalEquity"] == "10000"


def test_link_id_used_twice_makes_one_order(client: HTTP) -> None:
    request = {**BTC, "side": "Buy", "orderType": "Market", "qty": "0.01", "orderLinkId": "once"}
    client.place_order(**request)
    with pytest.raises(InvalidRequestError) as caught:
        client.place_order(**request)
    assert caught.value.status_code == 110072
    assert len(client.get_executions(**BTC)["result"]["list"]) == 1


def test_paged_executions_give_every_fill_once(client: HTTP) -> None:
    for _ in range(3):
        client.place_order(**BTC, side="Buy", orderType="Market", qty="0.01")
    first = client.get_executions(**BTC, limit=2)["result"]
    second = client.get_executions(**BTC, limit=2, cursor=first["nextPageCursor"])["result"]
    assert len({entry["execId"] for entry in first["list"] + second["list"]}) == 3
    assert second["nextPageCursor"] == ""


def test_account_of_the_key_is_the_announced_one(venue: Addresses, client: HTTP) -> None:
    assert str(client.get_api_key_information()["result"]["userID"]) == venue.account_id


@pytest.mark.parametrize("profile", list(ExecutionProfile))
def test_its_fills_and_fees_over_a_day_are_the_wallet(
    generated: dict[str, BarSeries], profile: ExecutionProfile
) -> None:
    with running_venue(assemble(replace(LOCK_STEP, profile=profile), generated, START, "test")) as venue:
        client = pybit_client(venue)
        for close in range(96):
            # A day passes in a second, in which the venue takes ten orders.
            if close % 12 == 0:
                price, side = last_price(client), ("Buy", "Sell")[close // 12 % 2]
                stop = round(price * (0.995 if side == "Buy" else 1.005), 1)
                client.place_order(**BTC, side=side, orderType="Market", qty="0.02", stopLoss=str(stop))
            advance(venue)
        client.cancel_all_orders(**BTC)
        fills = client.get_executions(**BTC, limit=100)["result"]["list"]
        [position] = client.get_positions(**BTC)["result"]["list"]
        [account] = client.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
    assert sum(fill["execType"] == "Trade" for fill in fills) >= 8
    money = Decimal(10_000)
    for fill in fills:
        value = Decimal(fill["execQty"]) * Decimal(fill["execPrice"]) * (fill["execType"] == "Trade")
        money += (value if fill["side"] == "Sell" else -value) - Decimal(fill["execFee"])
    signed = {"Buy": 1, "Sell": -1, "": 0}[position["side"]]
    money += signed * Decimal(position["size"]) * Decimal(position["avgPrice"] or 0)
    assert abs(money - Decimal(account["coin"][0]["walletBalance"])) < Decimal("1e-8")
