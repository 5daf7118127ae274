"""The walk stands still at every fill, and goes on exactly from there. Numbers of ``docs/lifecycle.md`` by hand."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.position_changes import set_trading_stop
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, an_exchange, order, stand_by_stand
from trading_pipeline_tests.exchange_simulator.conftest import pybit_client, walk_on

TENTH = Decimal("0.1")


def a_long(*bars: Ohlc) -> Exchange:
    """1 bought at 100, stop 90, 0.4 to be sold at 110 and 0.4 at 120."""
    exchange = an_exchange(*bars)
    order(exchange, "Buy", "1", stopLoss=90)
    for price in (110, 120):
        order(exchange, "Sell", "0.4", price=price, reduceOnly="true")
    return exchange


def moving_the_stop(*levels: int) -> Callable[[Exchange], None]:
    """Answers the n-th event with the n-th level, as long as something is open."""
    left = list(levels)

    def answer(exchange: Exchange) -> None:
        if left and not exchange.positions["BTCUSDT"].flat:
            set_trading_stop(exchange, {"category": "linear", "symbol": "BTCUSDT", "stopLoss": str(left.pop(0))})

    return answer


@pytest.mark.parametrize(
    ("bars", "levels", "exits"),
    [
        # up bar: 100, 112, 95; the first target pulls the stop to 100, where the rest leaves inside the bar
        ([(100, 112, 95, 101)], [100], [("110", "0.4"), ("100", "0.6")]),
        # the same bar without an answer: 95 does not reach 90
        ([(100, 112, 95, 101)], [], [("110", "0.4")]),
        # both targets in one leg, then the runner's stop at 108
        ([(100, 125, 105, 126)], [100, 108], [("110", "0.4"), ("120", "0.4"), ("108", "0.2")]),
        # the target at the very top of the bar: the moved stop is met in the next leg
        ([(100, 110, 99, 101)], [100], [("110", "0.4"), ("100", "0.6")]),
        # down bar: 100, 95, 111; nothing comes back inside the bar
        ([(100, 111, 95, 99), FLAT], [100], [("110", "0.4"), ("100", "0.6")]),
        # a jump over both targets fills them at the open, one after the other
        ([(121, 122, 117, 118)], [100, 118], [("121", "0.4"), ("121", "0.4"), ("118", "0.2")]),
    ],
)
def test_what_is_ordered_at_an_event_counts_from_its_price_on(
    bars: list[Ohlc], levels: list[int], exits: list[tuple[str, str]]
) -> None:
    exchange = a_long(*bars)
    stand_by_stand(exchange, moving_the_stop(*levels), len(bars))
    assert [(str(one.price.normalize().__format__("f")), str(one.quantity)) for one in exchange.executions[1:]] == exits


def test_the_walk_stands_at_the_instant_and_price_of_the_fill() -> None:
    exchange = a_long((100, 120, 100, 119))
    began, seen = exchange.now_ms, []
    stood = stand_by_stand(exchange, lambda one: seen.append((one.now_ms, one.markets["BTCUSDT"].last)))
    third = STEP_MS // 3
    assert stood == [began + third // 2, began + third]
    assert seen == [(began + third // 2, Decimal(110)), (began + third, Decimal(120))]


def test_standing_changes_nothing_about_the_rest_of_the_way() -> None:
    """Two symbols with fills at odd places: the same executions whether the walk stands or not."""
    told = []
    for stands in (True, False):
        exchange = an_exchange((100, 110.7, 93.3, 101), (101, 120, 80, 90), symbols=("BTCUSDT", "SOLUSDT"))
        for symbol, prices in (("BTCUSDT", ("107.3", "110.1", "95.9")), ("SOLUSDT", ("103.7", "110.1", "94.1"))):
            order(exchange, "Sell", "1", symbol=symbol, price=prices[0])
            order(exchange, "Sell", "1", symbol=symbol, price=prices[1], stopLoss="117.3")
            order(exchange, "Buy", "1", symbol=symbol, price=prices[2])
        if stands:
            assert len(stand_by_stand(exchange, lambda one: None, 2)) == len(exchange.executions)
        else:
            stand_by_stand(exchange, lambda one: None, 2)
        told.append([(e.order.terms.symbol, e.price, e.at_ms) for e in exchange.executions])
    assert told[0] == told[1]


def test_two_symbols_at_one_instant_are_two_events_in_the_order_of_their_names() -> None:
    exchange = an_exchange((100, 110, 100, 109), symbols=("SOLUSDT", "BTCUSDT"))
    for symbol in ("SOLUSDT", "BTCUSDT"):
        order(exchange, "Sell", "1", symbol=symbol, price=105)
    standing: list[int] = []
    stood = stand_by_stand(exchange, lambda one: standing.append(len(one.executions)))
    assert standing == [1, 2]
    assert stood[0] == stood[1]
    assert [one.order.terms.symbol for one in exchange.executions] == ["BTCUSDT", "SOLUSDT"]


def test_what_leaves_at_an_open_leaves_before_anything_enters_over_all_symbols() -> None:
    exchange = an_exchange((94, 95, 93, 94), symbols=("BTCUSDT", "SOLUSDT"))
    order(exchange, "Buy", "1", symbol="SOLUSDT", stopLoss=95)
    order(exchange, "Buy", "1", price=96)
    stand_by_stand(exchange, lambda one: None)
    assert [(e.order.terms.symbol, e.price) for e in exchange.executions[1:]] == [("SOLUSDT", 94), ("BTCUSDT", 94)]


def test_a_stop_comes_before_a_target_and_both_before_an_entry_at_one_price() -> None:
    exchange = an_exchange((105, 106, 104, 105))
    order(exchange, "Sell", "1", stopLoss=103)
    order(exchange, "Sell", "1", price=103, stopLoss=109)
    stand_by_stand(exchange, lambda one: None)
    assert [(e.order.terms.side, e.price) for e in exchange.executions[1:]] == [("Buy", 105), ("Sell", 105)]


def test_a_liquidation_is_an_event_and_funding_is_none() -> None:
    exchange = an_exchange((100, 100, 85, 86), balance=Decimal(120), funding_interval_hours=1)
    order(exchange, "Buy", "10")
    assert len(stand_by_stand(exchange, lambda one: None)) == 1
    assert exchange.executions[-1].kind == "BustTrade"


def test_over_http_the_clock_stands_at_the_fill_until_it_is_told_to_go_on(venue: Addresses) -> None:
    client = pybit_client(venue)
    first = walk_on(venue)
    assert (first["at"], first["executions"]) == ("close", 0)
    last = Decimal(client.get_tickers(category="linear", symbol="BTCUSDT")["result"]["list"][0]["lastPrice"])
    for side, price in (("Sell", last + TENTH), ("Buy", last - TENTH)):
        client.place_order(
            category="linear", symbol="BTCUSDT", side=side, orderType="Limit", qty="0.001", price=str(price)
        )
    event = walk_on(venue)
    assert (event["at"], event["executions"]) == ("event", 1)
    assert str(first["now"]) < str(event["now"])
    server_ms = int(client.get_server_time()["result"]["timeNano"]) // 1_000_000
    (execution,) = client.get_executions(category="linear")["result"]["list"]
    ticker = client.get_tickers(category="linear", symbol="BTCUSDT")["result"]["list"][0]
    assert (int(execution["execTime"]), ticker["lastPrice"]) == (server_ms, execution["execPrice"])
    assert "close" in [walk_on(venue)["at"] for _ in range(2)]
