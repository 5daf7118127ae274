"""A long and a short position of one symbol beside each other."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator import position_changes
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.margins import liquidation_price
from trading_pipeline.exchange_simulator.position_mode import switch_mode
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order, told, walk
from trading_pipeline_tests.exchange_simulator.conftest import advance, last_price
from trading_pipeline_tests.exchange_simulator.test_private_lists import BTC

HEDGE = BTC | {"mode": "3"}


def a_hedged_exchange(*bars: tuple[float, float, float, float], **terms: object) -> Exchange:
    exchange = an_exchange(*bars, **terms)  # type: ignore[arg-type]
    switch_mode(exchange, HEDGE)
    return exchange


def refused(act: Callable[[], object]) -> int:
    with pytest.raises(Rejection) as caught:
        act()
    return caught.value.code


def sizes(exchange: Exchange) -> list[Decimal]:
    return [position.size for position in exchange.positions.shown("BTCUSDT")]


def test_long_and_short_stand_beside_each_other_and_close_apart() -> None:
    exchange = a_hedged_exchange(FLAT)
    order(exchange, "Buy", "2", positionIdx=1)
    order(exchange, "Sell", "3", positionIdx=2)
    assert sizes(exchange) == [Decimal(2), Decimal(-3)]
    order(exchange, "Sell", "1", positionIdx=1)
    order(exchange, "Buy", "3", positionIdx=2, reduceOnly="true")
    assert sizes(exchange) == [Decimal(1), Decimal(0)]


def test_a_closing_order_never_turns_its_position() -> None:
    exchange = a_hedged_exchange(FLAT)
    order(exchange, "Buy", "1", positionIdx=1)
    order(exchange, "Sell", "5", positionIdx=1)
    assert sizes(exchange) == [Decimal(0), Decimal(0)]
    assert refused(lambda: order(exchange, "Sell", "1", positionIdx=1)) == 110017


@pytest.mark.parametrize("index", [0, 3])
def test_an_order_names_one_of_the_two(index: int) -> None:
    assert refused(lambda: order(a_hedged_exchange(FLAT), "Buy", "1", positionIdx=index)) == 10001


def test_each_side_has_its_own_stop() -> None:
    exchange = a_hedged_exchange((100.0, 106.0, 100.0, 104.0))
    order(exchange, "Buy", "1", positionIdx=1, stopLoss="95")
    order(exchange, "Sell", "1", positionIdx=2, stopLoss="105")
    assert told(walk(exchange)) == [("Buy", Decimal(1), Decimal(105))]
    assert sizes(exchange) == [Decimal(1), Decimal(0)]
    assert [one.terms.position_index for one in exchange.orders.active()] == [1]


def test_trading_stop_moves_the_stop_of_the_side_it_names() -> None:
    exchange = a_hedged_exchange(FLAT)
    order(exchange, "Buy", "1", positionIdx=1)
    order(exchange, "Sell", "1", positionIdx=2)
    position_changes.set_trading_stop(exchange, BTC | {"positionIdx": 2, "stopLoss": "101"})
    long, short = exchange.positions.shown("BTCUSDT")
    assert long.stop_loss is None
    assert short.stop_loss is not None
    assert refused(lambda: position_changes.set_trading_stop(exchange, BTC | {"stopLoss": "99"})) == 10001


def test_funding_of_equal_sides_cancels_out() -> None:
    exchange = a_hedged_exchange(*[FLAT] * 84, funding_rate=Decimal("0.001"))
    order(exchange, "Buy", "1", positionIdx=1)
    order(exchange, "Sell", "1", positionIdx=2)
    paid = [one.fee for one in walk(exchange, 84) if one.kind == "Funding"]
    assert paid == [Decimal("0.1"), Decimal("-0.1")]


def test_a_symbol_with_position_or_order_keeps_its_mode() -> None:
    exchange = a_hedged_exchange(FLAT)
    back = BTC | {"mode": "0"}
    assert refused(lambda: switch_mode(exchange, HEDGE)) == 110025
    resting = order(exchange, "Buy", "1", positionIdx=1, price="99")
    assert refused(lambda: switch_mode(exchange, back)) == 110028
    walk(exchange)
    order(exchange, "Buy", "1", positionIdx=1)
    assert resting.active
    assert refused(lambda: switch_mode(exchange, back)) == 110024


def test_of_a_coin_the_symbols_that_can_are_switched() -> None:
    exchange = an_exchange(FLAT, symbols=("BTCUSDT", "SOLUSDT"))
    order(exchange, "Buy", "1")
    switch_mode(exchange, {"category": "linear", "coin": "USDC", "mode": "3"})
    assert exchange.positions.hedged == set()
    switch_mode(exchange, {"category": "linear", "coin": "USDT", "mode": "3"})
    assert exchange.positions.hedged == {"SOLUSDT"}
    assert refused(lambda: switch_mode(exchange, {"category": "linear", "mode": "3"})) == 10001


def test_leverage_of_the_sides_differs_with_isolated_margin_alone() -> None:
    exchange = a_hedged_exchange(FLAT)
    apart = BTC | {"buyLeverage": "5", "sellLeverage": "4"}
    assert refused(lambda: position_changes.set_leverage(exchange, apart)) == 10001
    exchange.account.margin_mode = "ISOLATED_MARGIN"
    position_changes.set_leverage(exchange, apart)
    assert [one.leverage for one in exchange.positions.shown("BTCUSDT")] == [5, 4]


def test_both_sides_are_liquidated_at_one_price() -> None:
    exchange = a_hedged_exchange(FLAT, balance=Decimal(300))
    order(exchange, "Buy", "20", positionIdx=1)
    order(exchange, "Sell", "5", positionIdx=2)
    long, short = exchange.positions.shown("BTCUSDT")
    price = liquidation_price(exchange, long)
    assert price == liquidation_price(exchange, short)
    assert price is not None
    assert 70 < price < 100


def test_an_unmodified_client_hedges(venue: Addresses, client: HTTP) -> None:
    client.switch_position_mode(category="linear", symbol="BTCUSDT", mode=3)
    price = last_price(client)
    for side, index in (("Buy", 1), ("Sell", 2)):
        client.place_order(**BTC, side=side, orderType="Market", qty="0.01", positionIdx=index)
    client.set_trading_stop(**BTC, stopLoss=str(round(price * 0.9, 1)), positionIdx=1, tpslMode="Full")
    shown = client.get_positions(**BTC)["result"]["list"]
    assert sorted((one["positionIdx"], one["side"], one["size"]) for one in shown) == [
        (1, "Buy", "0.01"),
        (2, "Sell", "0.01"),
    ]
    advance(venue)
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.01", positionIdx=2, reduceOnly=True)
    [closed] = client.get_closed_pnl(**BTC)["result"]["list"]
    assert (closed["side"], closed["closedSize"]) == ("Buy", "0.01")
    [stop] = client.get_open_orders(**BTC)["result"]["list"]
    assert (stop["positionIdx"], stop["stopOrderType"]) == (1, "StopLoss")
