"""Several orders in one request: each is taken or refused for itself."""

from collections.abc import Callable

from trading_pipeline.exchange_simulator import order_changes, order_entry, parameters
from trading_pipeline.exchange_simulator.account_faults import refuse_suspended
from trading_pipeline.exchange_simulator.exchange import Exchange, Payload
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter, too_many_visits
from trading_pipeline.exchange_simulator.routes.endpoint import EXTRA_INFO, SignedEndpoint
from trading_pipeline.exchange_simulator.seat import Seat

MOST_ORDERS = 20
"""In one request of linear contracts."""
Act = Callable[[Exchange, Parameters], Order]


def size(request: Parameters) -> int:
    """How many orders a batch is about; 1 where there is no list of them."""
    wanted = request.get("request")
    return min(MOST_ORDERS, max(1, len(wanted))) if isinstance(wanted, list) else 1


def create(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/create-batch``."""
    return _each(seat, request, _create, created=True)


def amend(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/amend-batch``."""
    return _each(seat, request, _amend)


def cancel(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/cancel-batch``."""
    return _each(seat, request, order_changes.cancel)


def _create(exchange: Exchange, request: Parameters) -> Order:
    refuse_suspended(exchange, parameters.text(request, "symbol"))
    return order_entry.create(exchange, request)


def _amend(exchange: Exchange, request: Parameters) -> Order:
    refuse_suspended(exchange, parameters.text(request, "symbol"))
    return order_changes.amend(exchange, request)


def _each(seat: Seat, request: Parameters, act: Act, *, created: bool = False) -> Payload:
    """Do one thing with each order; what became of each stands beside the result, in ``retExtInfo``.

    :raises Rejection: 10001, there is no list of orders, or too long a one.
    """
    parameters.linear(request)
    seat.catch_up()
    wanted = request.get("request")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, dict) for one in wanted):
        raise bad_parameter("params error: request is required, a list of orders")
    if len(wanted) > MOST_ORDERS:
        raise bad_parameter(f"params error: request has {len(wanted)} orders; at most {MOST_ORDERS}")
    rows, outcomes = [], []
    # Orders beyond the limit fail for themselves, as at the venue; the others are taken.
    granted = seat.rate_limits.granted
    for number, one in enumerate(wanted):
        row = {"category": "linear", "symbol": parameters.text(one, "symbol")}
        try:
            if granted is not None and number >= granted:
                raise too_many_visits()
            order = act(seat.exchange, {**one, "category": "linear"})
            row |= {"orderId": order.order_id, "orderLinkId": order.terms.link_id}
            if created:
                row["createAt"] = str(order.created_ms)
            outcomes.append({"code": 0, "msg": "OK"})
        except Rejection as rejection:
            row |= {name: parameters.text(one, name) for name in ("orderId", "orderLinkId")}
            if created:
                row["createAt"] = ""
            outcomes.append({"code": rejection.code, "msg": rejection.message})
        rows.append(row)
    return {"list": rows, EXTRA_INFO: {"list": outcomes}}


ENDPOINTS = (
    SignedEndpoint("POST", "/v5/order/create-batch", create),
    SignedEndpoint("POST", "/v5/order/amend-batch", amend),
    SignedEndpoint("POST", "/v5/order/cancel-batch", cancel),
)
PATHS = frozenset(endpoint.path for endpoint in ENDPOINTS)
