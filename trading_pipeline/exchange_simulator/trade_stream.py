"""Orders over a WebSocket, ``/v5/trade``: the same requests and answers as over HTTP, in a frame of their own."""

import asyncio
import hashlib
from functools import partial

from trading_pipeline.exchange_simulator.authentication import DEFAULT_RECV_WINDOW_MS, verify_stream, verify_time
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.faults import Fault, FaultKind
from trading_pipeline.exchange_simulator.hub import CLOSE, Connection
from trading_pipeline.exchange_simulator.parameters import Parameters, text
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter, too_many_visits
from trading_pipeline.exchange_simulator.request_faults import EDGE, STREAM_LEADS_S, carry_out, exhausted
from trading_pipeline.exchange_simulator.routes import batches
from trading_pipeline.exchange_simulator.routes.catalog import SIGNED
from trading_pipeline.exchange_simulator.routes.endpoint import EXTRA_INFO
from trading_pipeline.exchange_simulator.venue import Venue

TRADE_PATH = "/v5/trade"
_PATHS = {
    f"order.{verb}{suffix}": f"/v5/order/{verb}{suffix}"
    for verb in ("create", "amend", "cancel")
    for suffix in ("", "-batch")
}


def obey(venue: Venue, connection: Connection, command: Payload) -> None:
    """Carry out one command and answer it."""
    operation = text(command, "op")
    if operation == "ping":
        connection.send(_frame(connection, command, "pong", {"data": [str(venue.now_ms())]}))
    elif operation == "auth":
        _log_in(venue, connection, command)
    else:
        _trade(venue, connection, command, operation)


def authenticate(venue: Venue, connection: Connection, arguments: list[object]) -> str:
    """Make it a connection of the account that has signed ``[key, expires, signature]``.

    :returns: empty when accepted, else the venue's reason.
    """
    seat = venue.seat(str(arguments[0]) if arguments else "")
    reason = verify_stream(seat.credentials, arguments, connection.heard[0])
    connection.api_key = "" if reason else seat.credentials.api_key
    return reason


def _log_in(venue: Venue, connection: Connection, command: Payload) -> None:
    """Accept the key, or refuse it and close the connection."""
    arguments = command.get("args")
    reason = authenticate(venue, connection, arguments if isinstance(arguments, list) else [])
    outcome = {"retCode": 10004, "retMsg": reason} if reason else {}
    connection.send(_frame(connection, command, "auth", outcome))
    if reason:
        connection.send_text(CLOSE)


def _trade(venue: Venue, connection: Connection, command: Payload, operation: str) -> None:
    """Send an order request the way that HTTP sends it, and suffer the fault that is armed for it."""
    fault = _fault(venue, connection, command, operation)
    frame: Payload = {}
    # What an edge swallows has no effect, unless the fault says so.
    if fault is None or fault.kind not in EDGE or fault.accepted:
        frame = _carried_out(venue, connection, command, operation, fault)
        # Who is told that something was accepted finds it again after a restart.
        venue.keep_changes()
    _reply(venue, connection, frame, fault)
    venue.tell_soon()


def _fault(venue: Venue, connection: Connection, command: Payload, operation: str) -> Fault | None:
    """What is armed for the request, under the path that it has over HTTP; spent before the request is looked at."""
    if operation not in _PATHS or not connection.api_key:
        return None
    arguments = command.get("args")
    first = arguments[0] if isinstance(arguments, list) and arguments else {}
    symbol = str(first.get("symbol", "")) if isinstance(first, dict) else ""
    account = venue.seat(connection.api_key).credentials.account_id
    return venue.faults.spend_on_request(_PATHS[operation], symbol, account)


def _carried_out(
    venue: Venue, connection: Connection, command: Payload, operation: str, fault: Fault | None
) -> Payload:
    """The frame with the request's answer, or with why it was refused."""
    answer: Payload = {"data": {}, EXTRA_INFO: {}}
    limits: dict[str, str] = {}
    try:
        result = _result(venue, connection, command, limits, fault)
        answer = {
            "data": {name: value for name, value in result.items() if name != EXTRA_INFO},
            EXTRA_INFO: result.get(EXTRA_INFO, {}),
        }
    except Rejection as rejection:
        answer |= {"retCode": rejection.code, "retMsg": rejection.message}
    now_ms = venue.told_ms()
    trace = hashlib.sha256(f"{connection.connection_id}|{now_ms}".encode()).hexdigest()[:32]
    header = {**limits, "Traceid": trace, "Timenow": str(now_ms)}
    return _frame(connection, command, operation, {**answer, "header": header})


def _reply(venue: Venue, connection: Connection, frame: Payload, fault: Fault | None) -> None:
    """Answer, later or not at all where that is the fault; pages of an edge do not fit in a frame: it hangs up."""
    if fault is None:
        connection.send(frame)
    elif fault.kind is FaultKind.SLOW:
        asyncio.get_running_loop().call_later(fault.seconds, connection.send, frame)
    elif fault.kind is FaultKind.STREAM_FIRST:
        venue.flush_private()
        asyncio.get_running_loop().call_later(fault.seconds or STREAM_LEADS_S, connection.send, frame)
    elif fault.kind is FaultKind.DROP_RESPONSE or (fault.kind in EDGE and fault.kind is not FaultKind.HALF_OPEN):
        connection.send_text(CLOSE)
    elif fault.kind is not FaultKind.HALF_OPEN:
        connection.send(frame)


def _result(
    venue: Venue, connection: Connection, command: Payload, limits: dict[str, str], fault: Fault | None
) -> Payload:
    """The result of the request.

    :param limits: the headers about the limit of requests are put in here.
    :raises Rejection: 10404 an unknown operation, 10003 nobody has authenticated, else as over HTTP.
    """
    operation = text(command, "op")
    path = _PATHS.get(operation)
    if path is None:
        raise Rejection(10404, f"op {operation} is not found")
    if not connection.api_key:
        raise Rejection(10003, "Request not authorized")
    header, request = _parts(command)
    window = text(header, "X-BAPI-RECV-WINDOW", str(DEFAULT_RECV_WINDOW_MS))
    heard_ms, wall_ms = (instant + venue.skew_ms for instant in connection.heard)
    verify_time(text(header, "X-BAPI-TIMESTAMP"), window, (heard_ms, wall_ms))
    # One account's limit, whichever way its requests come.
    seat = venue.seat(connection.api_key)
    usage = seat.rate_limits.count(path, batches.size(request) if path in batches.PATHS else 1)
    if usage is not None:
        limits.update({**usage.headers(), **exhausted(fault, wall_ms)})
        if usage.exceeded:
            raise too_many_visits()
    return carry_out(venue, seat, fault, (path, request), partial(SIGNED["POST", path].answer, seat))


def _parts(command: Payload) -> tuple[Parameters, Parameters]:
    """Header and the one request of a command.

    :raises Rejection: 10001, one of them is missing or of another form.
    """
    header, arguments = command.get("header"), command.get("args")
    if not isinstance(header, dict) or not isinstance(arguments, list) or len(arguments) != 1:
        raise bad_parameter("params error: header and args with one request are required")
    if not isinstance(arguments[0], dict):
        raise bad_parameter("params error: args[0] is not a JSON object")
    return header, arguments[0]


def _frame(connection: Connection, command: Payload, operation: str, content: Payload) -> Payload:
    """The venue's frame around an answer; it carries the client's own id where there is one."""
    own = {"reqId": command["reqId"]} if "reqId" in command else {}
    return {**own, "retCode": 0, "retMsg": "OK", "op": operation, **content, "connId": connection.connection_id}
