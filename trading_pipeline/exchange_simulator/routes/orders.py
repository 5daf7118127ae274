"""Orders and executions."""

from trading_pipeline.exchange_simulator import order_changes, order_entry, parameters
from trading_pipeline.exchange_simulator.exchange import Execution, Payload
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.private import execution_payload, order_payload
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.routes.endpoint import SignedEndpoint
from trading_pipeline.exchange_simulator.routes.paging import page, period
from trading_pipeline.exchange_simulator.seat import Seat

# The venue's cache of closed orders; older ones are found in the history alone.
CLOSED_KEPT = 500


def _ids(order: Order) -> Payload:
    """The acknowledgement: it says that the request was accepted, nothing about the order's outcome."""
    return {"orderId": order.order_id, "orderLinkId": order.terms.link_id}


def create(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/create``."""
    seat.catch_up()
    return _ids(order_entry.create(seat.exchange, request))


def amend(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/amend``."""
    seat.catch_up()
    return _ids(order_changes.amend(seat.exchange, request))


def cancel(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/cancel``."""
    seat.catch_up()
    return _ids(order_changes.cancel(seat.exchange, request))


def cancel_all(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/cancel-all``."""
    seat.catch_up()
    cancelled = order_changes.cancel_all(seat.exchange, request)
    return {"list": [_ids(order) for order in cancelled], "success": "1"}


def realtime(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/realtime``: active orders and, by id or ``openOnly=1``, the last 500 closed ones."""
    parameters.linear(request)
    seat.catch_up()
    by_id = bool(parameters.text(request, "orderId") or parameters.text(request, "orderLinkId"))
    if not by_id and not any(parameters.text(request, name) for name in ("symbol", "baseCoin", "settleCoin")):
        raise bad_parameter("params error: symbol, baseCoin or settleCoin is required")
    closed_only = parameters.integer(request, "openOnly", 0) == 1
    closed_seen = 0
    found = []
    for order in seat.exchange.orders.newest_first():
        # Counted over all orders, selected or not: that is what the venue's cache holds.
        closed_seen += not order.active
        if order.active == closed_only and not by_id:
            continue
        if not order.active and closed_seen > CLOSED_KEPT:
            continue
        if _selected(seat, order, request):
            found.append((order.sequence, order))
    return page(found, request, order_payload, default=20, most=50)


def history(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/history``: final orders, newest first, seven days at a time."""
    parameters.linear(request)
    begin, end = period(seat, request)
    final = (order for order in seat.exchange.orders.newest_first() if not order.active)
    found = [(one.sequence, one) for one in final if _selected(seat, one, request) and begin <= one.created_ms <= end]
    return page(found, request, order_payload, default=20, most=50)


def executions(seat: Seat, request: Parameters) -> Payload:
    """``/v5/execution/list``: newest first, seven days at a time."""
    parameters.linear(request)
    begin, end = period(seat, request)
    kind = parameters.text(request, "execType")
    found = [
        (execution.sequence, execution)
        for execution in reversed(seat.exchange.executions)
        if begin <= execution.at_ms <= end
        and kind in ("", execution.kind)
        and _selected(seat, execution.order, request)
    ]

    def shown(execution: Execution) -> Payload:
        return execution_payload(execution, execution.price)

    return page(found, request, shown, default=50, most=100)


def _selected(seat: Seat, order: Order, request: Parameters) -> bool:
    """Whether the order is of the symbol or coin, id and status asked for; the venue's id wins over the client's."""
    order_id, link_id = parameters.text(request, "orderId"), parameters.text(request, "orderLinkId")
    # An id of the venue names one order; a client's id beside it is ignored.
    if order_id:
        if order.order_id != order_id:
            return False
    elif link_id and order.terms.link_id != link_id:
        return False
    wanted_filter = parameters.text(request, "orderFilter")
    if wanted_filter and (wanted_filter == "StopOrder") != bool(order.terms.stop_order_type):
        return False
    status = parameters.text(request, "orderStatus", order.status.value)
    return status == order.status.value and parameters.of_coins(request, seat.exchange.contract(order))


ENDPOINTS = (
    SignedEndpoint("POST", "/v5/order/create", create),
    SignedEndpoint("POST", "/v5/order/amend", amend),
    SignedEndpoint("POST", "/v5/order/cancel", cancel),
    SignedEndpoint("POST", "/v5/order/cancel-all", cancel_all),
    SignedEndpoint("GET", "/v5/order/realtime", realtime, lists=True),
    SignedEndpoint("GET", "/v5/order/history", history, lists=True),
    SignedEndpoint("GET", "/v5/execution/list", executions, lists=True),
)
