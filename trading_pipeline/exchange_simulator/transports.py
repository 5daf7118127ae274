"""The sockets below HTTP and WebSocket: losing a connection on purpose takes one."""

import asyncio
from collections.abc import MutableMapping

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

_KEY = "simulator.transport"


class HttpProtocol(HttpToolsProtocol):
    """HTTP whose requests know their socket."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope[_KEY] = self.transport  # type: ignore[literal-required]


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """WebSockets that know their socket."""

    async def run_asgi(self) -> None:
        """Serve the connection."""
        self.scope[_KEY] = self.transport  # type: ignore[literal-required]
        await super().run_asgi()

    def shutdown(self) -> None:
        """End the connection with the server, also where the client is about to end it."""
        # uvicorn says goodbye once more then, which is an error in the middle of the end.
        if self.conn.state is State.CLOSING:
            self.transport.close()
        else:
            super().shutdown()


def transport_of(scope: MutableMapping[str, object]) -> asyncio.Transport | None:
    """The socket of a request or WebSocket; ``None`` where no server is in between."""
    transport = scope.get(_KEY)
    return transport if isinstance(transport, asyncio.Transport) else None


def abort(scope: MutableMapping[str, object]) -> None:
    """Lose the connection at once, whatever waits to be sent."""
    transport = transport_of(scope)
    if transport is not None:
        transport.abort()


def stop_reading(scope: MutableMapping[str, object]) -> None:
    """Leave the connection open and take nothing from it any more, not even a ping."""
    transport = transport_of(scope)
    if transport is not None and transport.is_reading():
        transport.pause_reading()
