"""The socket of GraphQL subscriptions, passed on frame by frame."""

import asyncio
from contextlib import suppress

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from trading_pipeline.adapters.orchestrator.ui import READ_ONLY_HEADER, UI_PREFIX
from trading_pipeline.domain.model.access import ACCESS_LIFE

_PROTOCOL = Subprotocol("graphql-ws")
_OPEN_S = 5.0
_AWAY = 1011


async def relay(socket: WebSocket, origin: str, *, looks_only: bool) -> None:
    """Pass frames on both ways until one side goes, or an access token would be over: then the page comes back.

    :param origin: of the webserver.
    """
    await socket.accept(subprotocol=_PROTOCOL)
    address = f"{origin.replace('http', 'ws', 1)}{UI_PREFIX}/graphql"
    rights = {READ_ONLY_HEADER: "1"} if looks_only else {}
    try:
        async with connect(
            address,
            subprotocols=[_PROTOCOL],
            additional_headers=rights,
            open_timeout=_OPEN_S,
            # A page of a run's log is larger than the megabyte that is the library's own limit.
            max_size=None,
            proxy=None,
        ) as behind:
            await _both_ways(socket, behind)
    except (WebSocketException, OSError) as error:
        reason = f"Dagster does not answer: {error}"
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(_AWAY, reason[:100])
        return
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close()


async def _both_ways(socket: WebSocket, behind: ClientConnection) -> None:
    ways = [asyncio.create_task(_to_dagster(socket, behind)), asyncio.create_task(_to_client(socket, behind))]
    try:
        await asyncio.wait(ways, timeout=ACCESS_LIFE.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _to_dagster(socket: WebSocket, behind: ClientConnection) -> None:
    with suppress(WebSocketDisconnect, ConnectionClosed):
        while True:
            await behind.send(await socket.receive_text())


async def _to_client(socket: WebSocket, behind: ClientConnection) -> None:
    """A client that does not read holds up its own subscription and nobody else's."""
    with suppress(WebSocketDisconnect, ConnectionClosed, RuntimeError):
        async for frame in behind:
            await socket.send_text(frame if isinstance(frame, str) else frame.decode())
