from collections.abc import Callable

import pytest
from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.routes import batches
from trading_pipeline_tests.exchange_simulator.builders import FLAT
from trading_pipeline_tests.exchange_simulator.test_private_lists import a_venue

LIMIT = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "99"}


def batch(*orders: object) -> dict[str, object]:
    return {"category": "linear", "request": list(orders)}


def outcomes(answer: Payload) -> list[tuple[str, int]]:
    """Client id of each row and the code beside it."""
    rows, codes = answer["list"], answer["retExtInfo"]["list"]  # type: ignore[index, call-overload]
    return [(row["orderLinkId"], outcome["code"]) for row, outcome in zip(rows, codes, strict=True)]  # type: ignore[call-overload]


def test_each_order_of_a_batch_is_taken_or_refused_for_itself() -> None:
    seat = a_venue(FLAT).seat("")
    wanted = [LIMIT | {"orderLinkId": name, "price": price} for name, price in (("a", "99"), ("b", "200"), ("a", "98"))]
    assert outcomes(batches.create(seat, batch(*wanted))) == [("a", 0), ("b", 110003), ("a", 110072)]
    assert [str(order.terms.price) for order in seat.exchange.orders.active()] == ["99"]
    changes = batch({"symbol": "BTCUSDT", "orderLinkId": "a", "price": "97"}, {"symbol": "BTCUSDT", "orderLinkId": "b"})
    assert outcomes(batches.amend(seat, changes)) == [("a", 0), ("b", 110001)]
    assert [str(order.terms.price) for order in seat.exchange.orders.active()] == ["97"]
    assert outcomes(batches.cancel(seat, changes)) == [("a", 0), ("b", 110001)]
    assert seat.exchange.orders.active() == []


def test_a_batch_takes_a_place_for_each_order_and_those_without_one_fail(client: HTTP) -> None:
    orders = [LIMIT | {"orderLinkId": f"n{number}", "qty": "0.001", "price": "50000"} for number in range(12)]
    answer = client.place_batch_order(category="linear", request=orders)
    # pybit raises for codes of the answer alone: those of the orders stand beside the result.
    assert outcomes(answer["result"] | {"retExtInfo": answer["retExtInfo"]}) == [
        (f"n{number}", 0 if number < 10 else 10006) for number in range(12)
    ]
    assert len(client.get_open_orders(category="linear", symbol="BTCUSDT")["result"]["list"]) == 10


@pytest.mark.parametrize("request_", [{"category": "linear"}, batch(), batch("no order"), batch(*[LIMIT] * 21)])
@pytest.mark.parametrize("act", [batches.create, batches.amend, batches.cancel])
def test_no_list_of_orders_and_too_long_a_list_change_nothing(
    act: Callable[..., Payload], request_: dict[str, object]
) -> None:
    seat = a_venue(FLAT).seat("")
    with pytest.raises(Rejection) as caught:
        act(seat, request_)
    assert caught.value.code == 10001
    assert len(seat.exchange.orders) == 0
