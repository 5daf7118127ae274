"""The ASGI application: REST requests in the venue's envelope, WebSockets to the two streams."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import cast
from urllib.parse import parse_qsl

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.authentication import verify_request
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.faults import Fault, FaultKind
from trading_pipeline.exchange_simulator.parameters import Parameters, text
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter, too_many_visits
from trading_pipeline.exchange_simulator.request_faults import EDGE, PAGES, STREAM_LEADS_S, carry_out, exhausted
from trading_pipeline.exchange_simulator.routes import batches, control
from trading_pipeline.exchange_simulator.routes.catalog import PUBLIC, SIGNED
from trading_pipeline.exchange_simulator.routes.endpoint import EXTRA_INFO, Endpoint
from trading_pipeline.exchange_simulator.seat import Seat
from trading_pipeline.exchange_simulator.streams import serve_stream
from trading_pipeline.exchange_simulator.transports import abort
from trading_pipeline.exchange_simulator.venue import Venue

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
LONGEST_BODY = 1_000_000
"""Bytes; more of a request is not read."""


class Application:
    """One venue behind ASGI."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await serve_stream(self._venue, scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or suffer the fault that is armed for it."""
        request = await _read(scope, receive)
        if request.path.startswith("/simulator/"):
            await self._control(request, send)
            return
        # Spent before anything is looked at: a fault hits the next request to its path, sound or not.
        asker = self._venue.seat(request.headers.get("x-bapi-api-key", ""))
        fault = self._venue.faults.spend_on_request(request.path, request.symbol(), asker.credentials.account_id)
        at_the_edge = fault is not None and fault.kind in EDGE
        if fault is not None and at_the_edge and not fault.accepted:
            await _turn_away(fault, scope, receive, send)
            return
        headers = exhausted(fault, to_ms(self._venue.clock.wall()))
        try:
            result = self._answer(request, fault, headers)
            status, body = 200, _envelope(0, "OK", result)
        except Rejection as rejection:
            status, body = rejection.status, _envelope(rejection.code, rejection.message, {})
        # Who is told that something was accepted finds it again after a restart.
        self._venue.keep_changes()
        if fault is not None and at_the_edge:
            self._venue.tell_soon()
            await _turn_away(fault, scope, receive, send)
            return
        await self._hold_up(fault, scope)
        now_ms = self._venue.told_ms()
        # Clients set their clock by it, so that it is virtual time like everything else.
        headers["Timenow"] = str(now_ms)
        await _respond(send, status, {**body, "time": now_ms}, headers)
        self._venue.tell_soon()

    async def _hold_up(self, fault: Fault | None, scope: Message) -> None:
        """What happens between a request's effect and its answer."""
        if fault is None:
            return
        if fault.kind is FaultKind.DROP_RESPONSE:
            abort(scope)
        elif fault.kind is FaultKind.SLOW:
            self._venue.tell_soon()
            await asyncio.sleep(fault.seconds)
        elif fault.kind is FaultKind.STREAM_FIRST:
            self._venue.flush_private()
            await asyncio.sleep(fault.seconds or STREAM_LEADS_S)

    async def _control(self, request: "Request", send: Send) -> None:
        """Answer a control request: plain JSON, ``{"error": ...}`` when it is refused."""
        try:
            endpoint = _control_endpoint(request)
            await _respond(send, 200, endpoint.handler(self._venue, request.parameters()), {})
        except Rejection as rejection:
            # The venue says 200 to most refusals; control requests are ours and say what happened.
            status = 400 if rejection.status == 200 else rejection.status
            await _respond(send, status, {"error": rejection.message}, {})

    def _answer(self, request: "Request", fault: Fault | None, headers: dict[str, str]) -> Payload:
        """The result of a request.

        :raises Rejection: the request is refused.
        """
        venue, route = self._venue, (request.method, request.path)
        # Before everything else, as at the venue: its edge counts addresses and knows no keys.
        if venue.address_limits.exceeded(request.address):
            raise Rejection(10018, "access too frequent", 403)
        if route not in SIGNED and route not in PUBLIC:
            raise Rejection(10017, f"Route not found: {request.method} {request.path}", 404)
        signed = SIGNED.get(route)
        seat = venue.seat("") if signed is None else self._admitted(request, headers)
        answer = partial(PUBLIC[route].answer, venue) if signed is None else partial(signed.answer, seat)
        return carry_out(venue, seat, fault, (request.path, request.parameters()), answer)

    def _admitted(self, request: "Request", headers: dict[str, str]) -> Seat:
        """The account that has signed the request, and asks not too often.

        :raises Rejection: see ``verify_request``; 10006.
        """
        venue = self._venue
        seat = venue.seat(request.headers.get("x-bapi-api-key", ""))
        instants = (venue.told_ms(), to_ms(venue.clock.wall()) + venue.skew_ms)
        verify_request(seat.credentials, request.headers, request.payload, instants)
        # After the signature: the limit is the account's, and a stranger must not use it up.
        wanted = batches.size(request.parameters()) if request.path in batches.PATHS else 1
        usage = seat.rate_limits.count(request.path, wanted)
        if usage is not None:
            headers.update({**usage.headers(), **headers})
            if usage.exceeded:
                raise too_many_visits()
        return seat


def _control_endpoint(request: "Request") -> Endpoint:
    """The control endpoint asked for.

    :raises Rejection: 404, there is none.
    """
    for endpoint in control.ENDPOINTS:
        if (endpoint.method, endpoint.path) == (request.method, request.path):
            return endpoint
    raise Rejection(10017, f"no control endpoint {request.method} {request.path}", 404)


async def _turn_away(fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    """Answer with a page of the edge, with a lost connection, or not at all until the client has gone."""
    page = PAGES.get(fault.kind)
    if page is not None:
        status, text, kind = page
        await _send(send, status, text.encode(), {"Content-Type": kind})
    elif fault.kind is FaultKind.HALF_OPEN:
        while (await receive())["type"] != "http.disconnect":
            continue
    else:
        abort(scope)


def _envelope(code: int, message: str, result: Payload) -> Payload:
    """The venue's frame around every answer, without its time."""
    extra = result.get(EXTRA_INFO, {})
    shown = {name: value for name, value in result.items() if name != EXTRA_INFO}
    return {"retCode": code, "retMsg": message, "result": shown, EXTRA_INFO: extra}


class Request:
    """One HTTP request, read completely."""

    __slots__ = ("address", "headers", "method", "path", "payload")

    def __init__(self, method: str, path: str, headers: dict[str, str], payload: str, address: str) -> None:
        """:param address: that it comes from."""
        self.address = address
        self.method = method
        self.path = path
        self.headers = headers
        self.payload = payload

    def symbol(self) -> str:
        """The symbol that the request names; empty where it names none, or cannot be read."""
        try:
            return text(self.parameters(), "symbol")
        except Rejection:
            return ""

    def parameters(self) -> Parameters:
        """Query parameters of a GET, the JSON object of a POST.

        :raises Rejection: 10001, the body is no JSON object.
        """
        if self.method == "GET":
            return dict(parse_qsl(self.payload, keep_blank_values=True))
        try:
            body = json.loads(self.payload or "{}")
        except (ValueError, RecursionError) as error:
            raise bad_parameter(f"params error: body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise bad_parameter("params error: body is not a JSON object")
        return body


async def _read(scope: Message, receive: Receive) -> Request:
    """Collect the request."""
    method, path = str(scope["method"]), str(scope["path"])
    raw_headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
    query = cast("bytes", scope["query_string"])
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw_headers}
    body = b""
    # A GET has no body here; its parameters are the query, which is what is signed.
    while method != "GET":
        message = await receive()
        chunk = message.get("body", b"")
        body += chunk if isinstance(chunk, bytes) else b""
        # What is longer than anything that is asked for here cannot be read, and is refused as such.
        if not message.get("more_body") or len(body) > LONGEST_BODY:
            break
    payload = (query if method == "GET" else body).decode("utf-8", "replace")
    client = cast("tuple[str, int] | None", scope.get("client"))
    return Request(method, path, headers, payload, client[0] if client else "")


async def _respond(send: Send, status: int, body: Payload, headers: dict[str, str]) -> None:
    """Send one JSON answer."""
    content = json.dumps(body, separators=(",", ":")).encode()
    await _send(send, status, content, {"Content-Type": "application/json; charset=utf-8", **headers})


async def _send(send: Send, status: int, content: bytes, headers: dict[str, str]) -> None:
    """Send one answer."""
    pairs = {**headers, "Content-Length": str(len(content))}
    raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
