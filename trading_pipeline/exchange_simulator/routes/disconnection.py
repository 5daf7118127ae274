"""Cancel on disconnect: how long an account may be away."""

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.routes.endpoint import SignedEndpoint
from trading_pipeline.exchange_simulator.seat import Seat

_PRODUCT = "DERIVATIVES"
_SHORTEST_S, _LONGEST_S = 3, 300


def set_window(seat: Seat, request: Parameters) -> Payload:
    """``/v5/order/disconnected-cancel-all``; of options and spot, of which there is nothing here, nothing follows.

    :raises Rejection: 10001, the window is missing or out of range.
    """
    product = parameters.one_of(request, "product", ("OPTIONS", _PRODUCT, "SPOT"), "OPTIONS")
    window_s = parameters.integer(request, "timeWindow", 0)
    if not _SHORTEST_S <= window_s <= _LONGEST_S:
        raise bad_parameter(f"params error: timeWindow invalid {window_s}; {_SHORTEST_S} to {_LONGEST_S} seconds")
    if product == _PRODUCT:
        seat.disconnection.window_s = window_s
    return {}


def info(seat: Seat, _: Parameters) -> Payload:
    """``/v5/account/query-dcp-info``: a product that was not configured is not told."""
    window_s = seat.disconnection.window_s
    row = {"product": _PRODUCT, "dcpStatus": "ON", "timeWindow": str(window_s)}
    return {"dcpInfos": [] if window_s is None else [row]}


ENDPOINTS = (
    SignedEndpoint("POST", "/v5/order/disconnected-cancel-all", set_window),
    SignedEndpoint("GET", "/v5/account/query-dcp-info", info),
)
