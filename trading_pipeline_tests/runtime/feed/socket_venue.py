"""A loopback WebSocket server that the feed's tests speak through."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed


@dataclass
class SocketVenue:
    """Accepts handshakes, remembers what it was sent, pushes what it is told.

    :ivar refuse: the operation that is answered with success false.
    :ivar answers_pings: turned off, the venue falls silent.
    """

    url: str = ""
    refuse: str = ""
    answers_pings: bool = True
    sessions: int = 0
    operations: list[str] = field(default_factory=list)
    current: ServerConnection | None = None
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve_one(self, socket: ServerConnection) -> None:
        """Answer one client until it leaves."""
        self.sessions += 1
        self.current = socket
        try:
            async for raw in socket:
                await self._answer(socket, json.loads(raw))
        except ConnectionClosed:
            return

    async def _answer(self, socket: ServerConnection, message: dict[str, object]) -> None:
        operation = str(message["op"])
        self.operations.append(operation)
        if operation == "ping" and not self.answers_pings:
            return
        accepted = operation != self.refuse
        await socket.send(json.dumps({"op": operation, "success": accepted, "ret_msg": "" if accepted else "refused"}))
        if operation == "subscribe" and accepted:
            self.subscribed.set()

    async def push(self, raw: str | bytes) -> None:
        """Send a frame to the client of now."""
        assert self.current is not None
        await self.current.send(raw)

    async def drop(self) -> None:
        """Cut the connection without a goodbye and wait for the next one to subscribe."""
        assert self.current is not None
        self.subscribed.clear()
        self.current.transport.abort()
        await self.subscribed.wait()


@asynccontextmanager
async def socket_venue() -> AsyncIterator[SocketVenue]:
    """A venue that runs until the block ends."""
    venue = SocketVenue()
    async with serve(venue.serve_one, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        venue.url = f"ws://127.0.0.1:{port}"
        yield venue


async def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
