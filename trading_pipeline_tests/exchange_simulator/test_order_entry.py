from collections.abc import Callable
from decimal import Decimal

import pytest

from trading_pipeline.exchange_simulator import order_changes, position_changes
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.orders import Status
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order

BUY = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "1"}
LIMIT = BUY | {"orderType": "Limit", "price": "99"}


def refused(exchange: Exchange, request: dict[str, str], act: Callable[..., object] = create) -> int:
    with pytest.raises(Rejection) as caught:
        act(exchange, request)
    return caught.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"category": "spot"}, 10001),
        ({"symbol": "DOGEUSDT"}, 10001),
        ({"side": "Long"}, 10001),
        ({"qty": "abc"}, 10001),
        ({"qty": "NaN"}, 10001),
        ({"qty": "-1"}, 10001),
        ({"qty": "0.0001"}, 110017),
        ({"qty": "1.0005"}, 10001),
        ({"qty": "9999"}, 10001),
        ({"qty": "0.049"}, 110094),
        ({"qty": "490", "positionIdx": "1"}, 10001),
        ({"reduceOnly": "true"}, 110017),
        ({"stopLoss": "101"}, 10001),
        ({"stopLoss": "100"}, 10001),
        ({"takeProfit": "99"}, 10001),
        ({"stopLoss": "95.05"}, 10001),
        ({"stopLoss": "95", "tpslMode": "Some"}, 10001),
        ({"stopLoss": "95", "slOrderType": "Limit", "slLimitPrice": "94"}, 10001),
        ({"stopLoss": "95", "tpslMode": "Partial", "slOrderType": "Limit"}, 10001),
        ({"stopLoss": "95", "slTriggerBy": "Mood"}, 10001),
        ({"orderLinkId": "x" * 37}, 10001),
        ({"orderLinkId": "a b"}, 10001),
        ({"triggerPrice": "99", "triggerDirection": "1"}, 110092),
        ({"triggerPrice": "101", "triggerDirection": "2"}, 110093),
        ({"triggerPrice": "101"}, 10001),
    ],
)
def test_bad_market_order_is_refused_with_the_venues_code_and_changes_nothing(
    changes: dict[str, str], code: int
) -> None:
    exchange = an_exchange(FLAT)
    assert refused(exchange, BUY | changes) == code
    assert len(exchange.orders) == 0
    assert exchange.take_pushes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": ""}, 10001),
        ({"price": "99.05"}, 10001),
        ({"price": "106"}, 110003),
        ({"qty": "1100"}, 110007),
        ({"timeInForce": "GTX"}, 10001),
    ],
)
def test_bad_limit_order_is_refused_with_the_venues_code(changes: dict[str, str], code: int) -> None:
    assert refused(an_exchange(FLAT), LIMIT | changes) == code


def test_market_order_beyond_the_available_balance_is_refused() -> None:
    assert refused(an_exchange(FLAT, balance=Decimal(100)), BUY | {"qty": "10"}) == 110007


def test_resting_orders_bind_margin() -> None:
    exchange = an_exchange(FLAT, balance=Decimal(100))
    create(exchange, LIMIT | {"qty": "9"})
    assert refused(exchange, LIMIT | {"qty": "2"}) == 110007


def test_client_id_can_be_used_only_once_even_after_the_order_is_gone() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"orderLinkId": "once"})
    assert refused(exchange, BUY | {"orderLinkId": "once"}) == 110072
    assert len(exchange.executions) == 1


def test_reduce_only_order_on_the_side_of_the_position_is_refused() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY)
    assert refused(exchange, BUY | {"reduceOnly": "true"}) == 110017


def test_quantity_zero_closes_everything_when_it_may_only_close() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY)
    order(exchange, "Sell", "0", reduceOnly="true", closeOnTrigger="true")
    assert exchange.positions["BTCUSDT"].flat


def test_eleventh_conditional_order_is_refused() -> None:
    exchange = an_exchange(FLAT)
    for _ in range(10):
        create(exchange, BUY | {"triggerPrice": "101", "triggerDirection": "1"})
    assert refused(exchange, BUY | {"triggerPrice": "101", "triggerDirection": "1"}) == 110009


def test_cancelling_twice_finds_no_order_the_second_time() -> None:
    exchange = an_exchange(FLAT)
    placed = create(exchange, LIMIT)
    request = {"category": "linear", "symbol": "BTCUSDT", "orderId": placed.order_id}
    order_changes.cancel(exchange, request)
    assert placed.status is Status.CANCELLED
    assert refused(exchange, request, order_changes.cancel) == 110001


def test_cancel_all_leaves_the_stop_when_only_plain_orders_are_meant() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"stopLoss": "95"})
    create(exchange, LIMIT)
    order_changes.cancel_all(exchange, {"category": "linear", "symbol": "BTCUSDT", "orderFilter": "Order"})
    assert [o.terms.stop_order_type for o in exchange.orders.active()] == ["StopLoss"]


def test_cancel_all_leaves_what_protects_a_position_when_only_own_conditional_orders_are_meant() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"stopLoss": "95"})
    create(exchange, BUY | {"triggerPrice": "105", "triggerDirection": "1"})
    request = {"category": "linear", "symbol": "BTCUSDT", "orderFilter": "StopOrder", "stopOrderType": "Stop"}
    order_changes.cancel_all(exchange, request)
    assert [o.terms.stop_order_type for o in exchange.orders.active()] == ["StopLoss"]


def test_amended_price_that_crosses_the_market_fills() -> None:
    exchange = an_exchange(FLAT)
    placed = create(exchange, LIMIT | {"orderLinkId": "a"})
    request = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"}
    assert refused(exchange, request, order_changes.amend) == 10001
    order_changes.amend(exchange, request | {"price": "100", "qty": "2"})
    assert (placed.status, placed.filled) == (Status.FILLED, Decimal(2))


def test_amending_takes_away_the_level_that_is_zero_and_leaves_the_one_that_is_not_named() -> None:
    exchange = an_exchange(FLAT)
    placed = create(exchange, LIMIT | {"stopLoss": "95", "takeProfit": "110", "orderLinkId": "a"})
    request = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"}
    order_changes.amend(exchange, request | {"stopLoss": "0"})
    assert (placed.terms.stop_loss, placed.terms.take_profit) == (None, 110)
    order_changes.amend(exchange, request | {"takeProfit": "0", "stopLoss": "94", "slTriggerBy": "MarkPrice"})
    assert (placed.terms.stop_loss, placed.terms.stop_trigger_by) == (94, "MarkPrice")
    assert placed.terms.take_profit is None


def test_a_limit_target_of_a_part_is_moved_with_its_trigger() -> None:
    exchange = an_exchange(FLAT)
    levels = {"tpslMode": "Partial", "takeProfit": "110", "tpOrderType": "Limit", "tpLimitPrice": "111"}
    placed = create(exchange, LIMIT | levels | {"orderLinkId": "a"})
    request = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"}
    order_changes.amend(exchange, request | {"takeProfit": "120"})
    assert (placed.terms.take_profit, placed.terms.profit_limit, placed.terms.partial) == (120, 111, True)
    order_changes.amend(exchange, request | {"tpLimitPrice": "121"})
    assert (placed.terms.take_profit, placed.terms.profit_limit) == (120, 121)


@pytest.mark.parametrize(
    ("side", "queue", "level", "price"),
    [("Buy", "Queue", "1", "99.9"), ("Buy", "Counterparty", "3", "100.3"), ("Sell", "Queue", "5", "100.5")],
)
def test_a_limit_order_may_name_a_level_of_the_book_instead_of_a_price(
    side: str, queue: str, level: str, price: str
) -> None:
    request = BUY | {"side": side, "orderType": "Limit", "bboSideType": queue, "bboLevel": level}
    assert create(an_exchange(FLAT), request).terms.price == Decimal(price)
    assert refused(an_exchange(FLAT), request | {"bboLevel": "6"}) == 10001


def test_a_trigger_cannot_be_moved_to_where_the_price_is_already() -> None:
    exchange = an_exchange(FLAT)
    placed = create(exchange, BUY | {"triggerPrice": "105", "triggerDirection": "1", "orderLinkId": "a"})
    request = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"}
    assert refused(exchange, request | {"triggerPrice": "100"}, order_changes.amend) == 110092
    order_changes.amend(exchange, request | {"triggerPrice": "101", "triggerBy": "MarkPrice"})
    assert (placed.terms.trigger_price, placed.terms.trigger_by) == (101, "MarkPrice")


STOP = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stopLoss": "101"}, 10001),
        ({"stopLoss": "95.05"}, 10001),
        ({"stopLoss": "95"}, 34040),
        ({}, 34040),
        ({"takeProfit": "0"}, 34040),
        ({"tpslMode": "Partial", "stopLoss": "94"}, 10001),
        ({"tpslMode": "Partial", "stopLoss": "94", "slSize": "2"}, 10001),
        ({"tpslMode": "Partial", "stopLoss": "101", "slSize": "1"}, 10001),
        ({"tpslMode": "Partial", "stopLoss": "94", "slSize": "1", "takeProfit": "105", "tpSize": "0.5"}, 10001),
        ({"tpslMode": "Partial", "stopLoss": "0", "slSize": "1"}, 34040),
    ],
)
def test_trading_stop_refuses_the_wrong_side_and_what_changes_nothing(changes: dict[str, str], code: int) -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"stopLoss": "95"})
    assert refused(exchange, STOP | changes, position_changes.set_trading_stop) == code


def test_trading_stop_without_a_position_is_refused() -> None:
    assert refused(an_exchange(FLAT), STOP | {"stopLoss": "95"}, position_changes.set_trading_stop) == 10001


def test_trading_stop_moves_the_one_stop_and_zero_removes_it() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"stopLoss": "95"})
    before = exchange.positions["BTCUSDT"].stop_loss
    position_changes.set_trading_stop(exchange, STOP | {"stopLoss": "97"})
    assert exchange.positions["BTCUSDT"].stop_loss is before
    assert [o.terms.trigger_price for o in exchange.orders.active()] == [Decimal(97)]
    position_changes.set_trading_stop(exchange, STOP | {"stopLoss": "0"})
    assert exchange.orders.active() == []


@pytest.mark.parametrize(
    ("buy", "sell", "code"), [("10", "10", 110043), ("101", "101", 110013), ("5", "6", 10001), ("0", "0", 10001)]
)
def test_leverage_is_refused_when_unchanged_or_out_of_range(buy: str, sell: str, code: int) -> None:
    request = STOP | {"buyLeverage": buy, "sellLeverage": sell}
    assert refused(an_exchange(FLAT), request, position_changes.set_leverage) == code


def test_attached_stop_keeps_the_price_it_is_triggered_by() -> None:
    exchange = an_exchange(FLAT)
    create(exchange, BUY | {"stopLoss": "95", "slTriggerBy": "MarkPrice"})
    stop = exchange.positions["BTCUSDT"].stop_loss
    assert stop is not None
    assert stop.terms.trigger_by == "MarkPrice"
