"""Take profits and stop losses for parts of a position."""

from decimal import Decimal

from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator import order_changes, position_changes
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import Order, Status
from trading_pipeline.exchange_simulator.payloads.private import order_payload
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc, an_exchange, order, told, walk
from trading_pipeline_tests.exchange_simulator.conftest import last_price
from trading_pipeline_tests.exchange_simulator.test_private_lists import BTC

RISING: Ohlc = (100.0, 106.0, 100.0, 104.0)


def a_long(*bars: Ohlc) -> Exchange:
    exchange = an_exchange(*bars)
    order(exchange, "Buy", "4")
    return exchange


def add(exchange: Exchange, size: str, **levels: str) -> None:
    sizes = {"tpSize": size, "slSize": size}
    position_changes.set_trading_stop(exchange, BTC | {"tpslMode": "Partial"} | sizes | levels)


def kinds(orders: list[Order]) -> list[tuple[str, Decimal]]:
    return [(one.terms.stop_order_type, one.terms.quantity) for one in orders]


def test_a_part_is_taken_at_its_target_and_its_stop_goes_with_it() -> None:
    exchange = a_long(RISING)
    add(exchange, "1", takeProfit="105", stopLoss="95")
    add(exchange, "2", stopLoss="94")
    assert told(walk(exchange)) == [("Sell", Decimal(1), Decimal(105))]
    assert exchange.positions["BTCUSDT"].size == 3
    assert kinds(exchange.orders.active()) == [("PartialStopLoss", Decimal(2))]


def test_a_limit_take_profit_rests_at_its_price_once_it_has_triggered() -> None:
    exchange = a_long((100.0, 104.0, 100.0, 102.0), RISING)
    add(exchange, "1", takeProfit="103", tpOrderType="Limit", tpLimitPrice="105.5")
    assert walk(exchange) == []
    [resting] = exchange.orders.active()
    assert (resting.status, resting.watched_level) == (Status.NEW, Decimal("105.5"))
    [filled] = walk(exchange)
    assert (filled.price, filled.is_maker, filled.order.terms.stop_order_type) == (
        Decimal("105.5"),
        True,
        "PartialTakeProfit",
    )


def test_levels_of_an_entry_are_for_what_it_fills() -> None:
    exchange = an_exchange(FLAT)
    for _ in range(2):
        order(exchange, "Buy", "1", stopLoss="95", takeProfit="105", tpslMode="Partial")
    pair = [("PartialStopLoss", Decimal(1)), ("PartialTakeProfit", Decimal(1))]
    assert kinds(exchange.orders.active()) == pair * 2
    assert exchange.positions["BTCUSDT"].stop_loss is None
    assert [order_payload(one)["tpslMode"] for one in exchange.orders.active()] == ["Partial"] * 4


def test_cancelling_one_of_a_pair_cancels_the_other() -> None:
    exchange = a_long(FLAT)
    add(exchange, "1", takeProfit="105", stopLoss="95")
    add(exchange, "1", takeProfit="106")
    stop, *_ = exchange.orders.active()
    order_changes.cancel(exchange, BTC | {"orderId": stop.order_id})
    assert [one.terms.trigger_price for one in exchange.orders.active()] == [Decimal(106)]


def test_a_part_is_never_larger_than_the_position_and_gone_without_it() -> None:
    exchange = a_long(FLAT)
    add(exchange, "3", stopLoss="95")
    order(exchange, "Sell", "2")
    assert kinds(exchange.orders.active()) == [("PartialStopLoss", Decimal(2))]
    order(exchange, "Sell", "2")
    assert exchange.orders.active() == []


def test_parts_leave_the_positions_own_stop_alone() -> None:
    exchange = a_long((100.0, 100.0, 94.0, 96.0))
    position_changes.set_trading_stop(exchange, BTC | {"stopLoss": "96"})
    add(exchange, "1", stopLoss="98")
    assert told(walk(exchange)) == [("Sell", Decimal(1), Decimal(98)), ("Sell", Decimal(3), Decimal(96))]


def test_an_unmodified_client_scales_out(client: HTTP) -> None:
    client.place_order(**BTC, side="Buy", orderType="Market", qty="0.02")
    price = last_price(client)
    for share in (1.01, 1.02):
        target = str(round(price * share, 1))
        levels = {"takeProfit": target, "tpSize": "0.01", "tpOrderType": "Limit", "tpLimitPrice": target}
        client.set_trading_stop(**BTC, **levels, tpslMode="Partial", positionIdx=0)
    shown = client.get_open_orders(**BTC, orderFilter="StopOrder")["result"]["list"]
    assert [(one["stopOrderType"], one["orderType"], one["qty"]) for one in shown] == [
        ("PartialTakeProfit", "Limit", "0.01")
    ] * 2
