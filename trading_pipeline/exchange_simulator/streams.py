"""The WebSockets: subscribe, unsubscribe, ping and auth of the public and the private one; see ``trade_stream``."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator import trade_stream
from trading_pipeline.exchange_simulator.disconnection import DCP_TOPICS
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.hub import CLOSE, Connection, Hub
from trading_pipeline.exchange_simulator.trade_stream import authenticate
from trading_pipeline.exchange_simulator.transports import abort, stop_reading
from trading_pipeline.exchange_simulator.venue import Venue

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PUBLIC_PATH = "/v5/public/linear"
PRIVATE_PATH = "/v5/private"
# Characters of the topics of one public connection, with their quotes and commas: the venue's limit.
MAX_ARGUMENTS_LENGTH = 21_000
ANSWER_DELAY_S = 0.05
"""Commands are answered after this time, as over a network: pybit notes a subscription only after sending it, and
loses the connection when the answer is there first."""
_PRIVATE_TOPICS = (
    frozenset(
        f"{topic}{suffix}" for topic in ("order", "execution", "position", "wallet") for suffix in ("", ".linear")
    )
    - {"wallet.linear"}
    | DCP_TOPICS
)


async def serve_stream(venue: Venue, scope: Message, receive: Receive, send: Send) -> None:
    """Serve one WebSocket until it closes."""
    hubs = {PUBLIC_PATH: venue.public, PRIVATE_PATH: venue.private, trade_stream.TRADE_PATH: venue.trade}
    hub = hubs.get(str(scope["path"]))
    await receive()
    if hub is None:
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "websocket.accept"})
    connection = Connection(lost=lambda: abort(scope), silenced=lambda: stop_reading(scope))
    hub.connections.add(connection)
    writer = asyncio.create_task(_write(connection, send))
    try:
        await _listen(venue, hub, connection, receive)
    finally:
        # Whatever ended it, nothing is queued for a connection that nobody reads.
        hub.drop(connection)
        for seat in venue.seats.values():
            seat.listeners.drop(connection)
            seat.disconnection.lose(connection)
        writer.cancel()


async def _write(connection: Connection, send: Send) -> None:
    """Write queued messages in order; the close mark ends the connection."""
    while (text := await connection.outgoing.get()) != CLOSE:
        await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close", "code": 1001})


async def _listen(venue: Venue, hub: Hub, connection: Connection, receive: Receive) -> None:
    """Answer the client's commands."""
    while (message := await receive())["type"] != "websocket.disconnect":
        try:
            command = json.loads(str(message.get("text") or ""))
        except (ValueError, RecursionError):
            command = None
        if not isinstance(command, dict):
            connection.send(_answer(connection, {}, "", "Request format error", success=False))
            continue
        connection.heard = (venue.clock_ms(), to_ms(venue.clock.wall()))
        await asyncio.sleep(ANSWER_DELAY_S)
        if hub is venue.trade:
            trade_stream.obey(venue, connection, command)
        else:
            _obey(venue, hub, connection, command)


def _obey(venue: Venue, hub: Hub, connection: Connection, command: Payload) -> None:
    """Carry out one command."""
    operation = command.get("op")
    arguments = command.get("args")
    topics = [str(item) for item in arguments] if isinstance(arguments, list) else []
    private = hub is venue.private
    if operation == "ping":
        connection.send(_pong(venue, connection, command, private=private))
    elif operation == "auth" and private and isinstance(arguments, list):
        reason = authenticate(venue, connection, arguments)
        connection.send(_answer(connection, command, "auth", reason, success=not reason))
        # The venue closes a connection whose signature it does not accept.
        if reason:
            connection.send_text(CLOSE)
    elif operation == "subscribe":
        _subscribe(venue, hub, connection, command, topics)
    elif operation == "unsubscribe":
        _listeners(venue, hub, connection).unsubscribe(connection, topics)
        connection.send(_answer(connection, command, "unsubscribe", "", success=True))
    else:
        connection.send(_answer(connection, command, str(operation), f"error:unknown op {operation}", success=False))


def _subscribe(venue: Venue, hub: Hub, connection: Connection, command: Payload, topics: list[str]) -> None:
    """Add topics; one unknown topic refuses the whole request, as at the venue."""
    private = hub is venue.private
    reason = _objection(venue, connection, topics, private=private)
    said = reason or ("" if private else "subscribe")
    connection.send(_answer(connection, command, "subscribe", said, success=not reason))
    if reason:
        return
    if not private:
        venue.catch_up()
        venue.feed.prepare(topics)
    _listeners(venue, hub, connection).subscribe(connection, topics)
    if not DCP_TOPICS.isdisjoint(topics):
        venue.seat(connection.api_key).disconnection.watch(connection)
        venue.keep_changes()
    if not private:
        for topic in topics:
            venue.feed.send_snapshot(connection, topic)


def _listeners(venue: Venue, hub: Hub, connection: Connection) -> Hub:
    """Who listens to what the connection may hear: everybody to the public stream, an account to its own."""
    return venue.seat(connection.api_key).listeners if hub is venue.private else hub


def _objection(venue: Venue, connection: Connection, topics: list[str], *, private: bool) -> str:
    """Why the topics cannot be subscribed to; empty when they can."""
    if private and not connection.api_key:
        return "Request not authorized"
    if not topics:
        return "error:args is empty"
    if sum(len(topic) + 3 for topic in (*topics, *connection.topics)) > MAX_ARGUMENTS_LENGTH:
        return "error:args exceed the maximum length"
    for topic in topics:
        if topic in connection.topics:
            return f"error:already subscribed,topic:{topic}"
        if topic not in _PRIVATE_TOPICS if private else not venue.feed.known(topic):
            return f"error:handler not found,topic:{topic}"
    return ""


def _answer(connection: Connection, command: Payload, operation: str, said: str, *, success: bool) -> Payload:
    """The venue's reply to a command."""
    reply: Payload = {"success": success, "ret_msg": said, "conn_id": connection.connection_id, "op": operation}
    if "req_id" in command:
        reply["req_id"] = command["req_id"]
    return reply


def _pong(venue: Venue, connection: Connection, command: Payload, *, private: bool) -> Payload:
    """Heartbeat; public and private streams word it differently."""
    identity = {"req_id": command.get("req_id", ""), "conn_id": connection.connection_id}
    if private:
        return {**identity, "op": "pong", "args": [str(venue.now_ms())]}
    return {**identity, "success": True, "ret_msg": "pong", "op": "ping"}
