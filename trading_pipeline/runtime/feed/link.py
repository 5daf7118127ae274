"""One WebSocket that is kept open: handshake, pings, silence, reconnection."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from trading_pipeline.domain.model.errors import ConfigurationError, DataError, TemporaryVenueError
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.ports.venue.streams import VenueStream
from trading_pipeline.runtime.feed.backoff import Backoff

_log = structlog.get_logger(__name__)

# Seconds for the connection and for each answer of the handshake.
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0
# Bytes; four times what the library lets through before it ends the connection.
_LARGEST_FRAME = 4 * 1024 * 1024


class Listener(Protocol):
    """Who hears the frames of a link. Everything runs on the event loop and returns at once."""

    @property
    def name(self) -> str:
        """Names the stream in logs and dead letters."""

    def connected(self) -> None:
        """The handshake is accepted: frames will follow, and some were missed before."""

    def heard(self, update: StreamUpdate) -> None:
        """A data frame."""

    def malformed(self, raw: str, reason: str) -> None:
        """A frame that cannot be understood."""


class Link:
    """Keeps one address connected until it is cancelled.

    :ivar up: whether the listener is hearing frames now.
    """

    def __init__(
        self,
        stream: VenueStream,
        listener: Listener,
        backoff: Backoff | None = None,
        silence_s: float = 45.0,
    ) -> None:
        """Connect nothing yet.

        :param silence_s: a connection without a single frame for this long is dead; the venue
            answers a ping every ``stream.ping_s`` seconds.
        """
        self.stream = stream
        self.listener = listener
        self.up = False
        self._was_up = False
        self._socket: ClientConnection | None = None
        self._backoff = backoff or Backoff()
        self._silence_s = silence_s

    async def run(self) -> None:
        """Connect, listen, reconnect.

        :raises ConfigurationError: the venue refused the first handshake (a wrong key, an unknown instrument).
        """
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._session()
            except (OSError, TimeoutError, WebSocketException, TemporaryVenueError) as error:
                _log.warning("connection lost", stream=self.listener.name, cause=f"{type(error).__name__}: {error}")
            except ConfigurationError as error:
                # a refusal after good days is the venue's trouble, not a setting's
                if not self._was_up:
                    raise
                _log.error("handshake refused", stream=self.listener.name, cause=str(error))
            finally:
                self.up = False
                self._socket = None
            # After a session of any length, so that a venue which accepts and drops at once is not hammered.
            await asyncio.sleep(self._backoff.pause_s(loop.time() - began))

    async def say(self, messages: Iterable[str]) -> None:
        """Send messages over the connection of now.

        Lost where there is none, or it breaks: the next one begins with its own handshake.
        """
        socket = self._socket
        if socket is None:
            return
        try:
            for message in messages:
                await socket.send(message)
        except WebSocketException as error:
            _log.warning("not sent", stream=self.listener.name, cause=f"{type(error).__name__}: {error}")

    async def _session(self) -> None:
        # the venue wants pings of its own kind, so the library's are off
        async with connect(
            self.stream.url,
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_interval=None,
            max_size=_LARGEST_FRAME,
        ) as socket:
            for message in self.stream.handshake_messages():
                await socket.send(message)
                async with asyncio.timeout(_OPEN_TIMEOUT_S):
                    await self._accepted(socket)
            self.up = self._was_up = True
            self._socket = socket
            _log.info("connected", stream=self.listener.name, url=self.stream.url)
            # After the handshake: what is asked of REST from here on
            # overlaps with what the stream tells, so nothing falls between.
            self.listener.connected()
            await self._listen(socket)

    async def _accepted(self, socket: ClientConnection) -> None:
        while True:
            reply = self._take(await socket.recv())
            # Data may come before the answer, of topics that were accepted earlier; it is passed on like any other.
            if reply is None or not reply.answers_handshake:
                continue
            if not reply.success:
                raise ConfigurationError(
                    f"the venue refused to {reply.operation} at {self.stream.url}: {reply.message}; check the key, "
                    "the instruments in universe.yaml and that the key belongs to this endpoint"
                )
            return

    async def _listen(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        heard_at = pinged_at = loop.time()
        while True:
            try:
                # Whichever comes first: the next ping, or the end of patience.
                async with asyncio.timeout_at(min(pinged_at + self.stream.ping_s, heard_at + self._silence_s)):
                    raw = await socket.recv()
                heard_at = loop.time()
                self._take(raw)
            except TimeoutError:
                if loop.time() - heard_at >= self._silence_s:
                    raise TemporaryVenueError(f"nothing heard for {self._silence_s:.0f} s") from None
            if loop.time() - pinged_at >= self.stream.ping_s:
                await socket.send(self.stream.ping)
                pinged_at = loop.time()

    def _take(self, raw: str | bytes) -> StreamReply | None:
        """Hand an update to the listener; return a reply."""
        try:
            frame = self.stream.read(raw)
        except DataError as error:
            self.listener.malformed(raw if isinstance(raw, str) else raw.decode(errors="replace"), str(error))
            return None
        if isinstance(frame, StreamReply):
            return frame
        self.listener.heard(frame)
        return None
