"""What requests suffer, whichever way they come: before they are looked at, instead of their answer, and in it."""

from collections.abc import Callable

from trading_pipeline.exchange_simulator import account_faults
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.faults import IMMEDIATE, OF_STREAMS, Fault, FaultKind
from trading_pipeline.exchange_simulator.hub import CLOSE
from trading_pipeline.exchange_simulator.parameters import Parameters, text
from trading_pipeline.exchange_simulator.rate_limits import Usage
from trading_pipeline.exchange_simulator.rejections import Rejection, too_many_visits
from trading_pipeline.exchange_simulator.seat import Seat
from trading_pipeline.exchange_simulator.stream_faults import altered
from trading_pipeline.exchange_simulator.venue import Venue

# A frame that was cut off in the middle.
MALFORMED_FRAME = '{"topic": "kline.15.'
_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
PAGES = {
    FaultKind.HTTP_500: (500, "{}", "application/json"),
    FaultKind.HTTP_403: (403, _PAGE.format("403 Forbidden"), "text/html"),
    FaultKind.HTML: (200, _PAGE.format("Service unavailable"), "text/html"),
}
"""Answers of an edge that has not let the request through: status, body, type."""
EDGE = frozenset({*PAGES, FaultKind.DROP_REQUEST, FaultKind.HALF_OPEN})
"""Faults that happen in front of the exchange: a request may get through it, its answer does not."""
STREAM_LEADS_S = 0.05
"""By so much the private stream is ahead of an answer where that is the fault."""
_NEED_TRADING = frozenset({"/v5/order/create", "/v5/order/amend", "/v5/position/trading-stop"})
_LEVELS = ("stopLoss", "takeProfit")


def happen_now(venue: Venue, fault: Fault) -> None:
    """Break the streams or the clock, or do something to the account.

    :raises Rejection: 10001, there is nothing that it could happen to.
    """
    if fault.kind is FaultKind.CLOCK_SKEW:
        venue.skew_ms = int(fault.seconds * 1000)
    elif fault.kind in OF_STREAMS:
        _break_streams(venue, fault.kind)
    else:
        venue.catch_up()
        account_faults.happen(venue.seat_of(fault.account).exchange, fault)


def _break_streams(venue: Venue, kind: FaultKind) -> None:
    for hub in (venue.public, venue.private, venue.trade):
        if kind is FaultKind.MUTE_STREAMS:
            hub.mute()
        else:
            hub.send_text(CLOSE if kind is FaultKind.DISCONNECT else MALFORMED_FRAME)


def carry_out(
    venue: Venue,
    seat: Seat,
    fault: Fault | None,
    asked: tuple[str, Parameters],
    answer: Callable[[Parameters], Payload],
) -> Payload:
    """The result of a request with what it suffers.

    :param asked: path and parameters.
    :raises Rejection: the fault, the suspended market or the endpoint refuses it.
    """
    path, parameters = asked
    request = before(venue, seat, fault, parameters)
    # A batch is judged order by order.
    if path in _NEED_TRADING:
        account_faults.refuse_suspended(seat.exchange, text(request, "symbol"))
    return after(fault, answer(request))


def before(venue: Venue, seat: Seat, fault: Fault | None, request: Parameters) -> Parameters:
    """What comes before an account's request is carried out; returns the request as it is then carried out.

    :raises Rejection: the fault refuses it.
    """
    if fault is None:
        return request
    if fault.kind in IMMEDIATE:
        happen_now(venue, fault)
    elif fault.kind is FaultKind.FILL_BEFORE_CANCEL:
        venue.catch_up()
        account_faults.fill_addressed(seat.exchange, request)
    elif fault.kind is FaultKind.WITHOUT_STOP:
        return {name: value for name, value in request.items() if name not in _LEVELS}
    elif not fault.accepted:
        refuse(fault)
    return request


def after(fault: Fault | None, result: Payload) -> Payload:
    """The answer as it is told.

    :raises Rejection: the request was carried out, and is refused all the same.
    """
    if fault is None:
        return result
    if fault.kind is FaultKind.EMPTY_LIST:
        return {**result, "list": []}
    if fault.kind is FaultKind.ALTER:
        return altered(result, fault, "list")
    refuse(fault)
    return result


def refuse(fault: Fault) -> None:
    """Refuse the request if that is the fault."""
    if fault.kind is FaultKind.REJECT:
        raise Rejection(fault.ret_code, "rejected on demand")
    if fault.kind is FaultKind.RATE_LIMITED:
        raise too_many_visits()
    if fault.kind is FaultKind.RET_CODE_10000:
        raise Rejection(10000, "Server Timeout")
    if fault.kind is FaultKind.RET_CODE_10016:
        raise Rejection(10016, "Server error.")


def exhausted(fault: Fault | None, now_ms: int) -> dict[str, str]:
    """Headers of an endpoint whose limit is used up for a second (wall ms), where that is the fault."""
    if fault is None or fault.kind is not FaultKind.RATE_LIMITED:
        return {}
    return Usage(10, 0, now_ms + 1000, exceeded=True).headers()
