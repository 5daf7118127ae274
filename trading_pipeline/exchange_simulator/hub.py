"""WebSocket connections and who listens to which topic."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Mapping

CLOSE = ""
"""Queued instead of a message, it ends the connection."""
QUEUE_LIMIT = 20_000
"""Messages that wait for one reader. Who lets more pile up is disconnected: nobody else pays for it in memory."""


def _nothing() -> None:
    """Nobody to tell."""


class Connection:
    """One client: its topics and the messages that wait to be written.

    :param lost: called when the client has read too slowly to be kept.
    :param silenced: called when nothing shall pass any more, and the connection stay.
    """

    def __init__(
        self,
        lost: Callable[[], None] = _nothing,
        silenced: Callable[[], None] = _nothing,
        limit: int = QUEUE_LIMIT,
    ) -> None:
        self.connection_id = secrets.token_hex(10)
        self.topics: set[str] = set()
        self.api_key = ""
        """Of the account whose connection it is; empty until it has authenticated."""
        self.heard = (0, 0)
        """When its last command arrived, virtual and wall milliseconds: by that it is judged, however long it takes."""
        self.outgoing: asyncio.Queue[str] = asyncio.Queue(limit)
        self._lost = lost
        self._silenced = silenced
        self._mute = False

    def send(self, message: Mapping[str, object]) -> None:
        """Queue a message."""
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        """Queue a message that is text already; the empty one ends the connection."""
        if self._mute:
            return
        try:
            self.outgoing.put_nowait(text)
        except asyncio.QueueFull:
            self.topics.clear()
            while not self.outgoing.empty():
                self.outgoing.get_nowait()
            self._lost()

    def mute(self) -> None:
        """Send nothing any more."""
        self._mute = True
        self._silenced()


class Hub:
    """All connections of one stream, by topic: publishing costs what its listeners cost, and nothing without any."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        # A dictionary for its order: listeners are told in the order in which they came.
        self._listeners: dict[str, dict[Connection, None]] = {}

    def topics(self) -> list[str]:
        """Every topic somebody listens to."""
        return list(self._listeners)

    def subscribe(self, connection: Connection, topics: Iterable[str]) -> None:
        """Let the connection listen."""
        for topic in topics:
            connection.topics.add(topic)
            self._listeners.setdefault(topic, {})[connection] = None

    def unsubscribe(self, connection: Connection, topics: Iterable[str]) -> None:
        """Let it listen no more; topics it does not listen to are left aside."""
        for topic in list(topics):
            connection.topics.discard(topic)
            listeners = self._listeners.get(topic, {})
            listeners.pop(connection, None)
            if not listeners:
                self._listeners.pop(topic, None)

    def drop(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        self.connections.discard(connection)
        # All topics, not the connection's own: a slow reader has lost those already.
        self.unsubscribe(connection, [topic for topic, heard in self._listeners.items() if connection in heard])

    def publish(self, topics: Iterable[str], message: Mapping[str, object]) -> None:
        """Send to each connection that listens to one of the topics, under the first such name."""
        told: set[Connection] = set()
        for topic in topics:
            # A client that listens to a topic under two names is told once.
            listeners = [one for one in self._listeners.get(topic, ()) if one not in told and one.topics]
            if listeners:
                text = json.dumps({**message, "topic": topic})
                for connection in listeners:
                    connection.send_text(text)
                told.update(listeners)

    def send_text(self, text: str) -> None:
        """Send raw text to everybody; the empty text closes the connections."""
        for connection in self.connections:
            connection.send_text(text)

    def mute(self) -> None:
        """Let the connections of this moment stay open, and nothing pass through them."""
        for connection in self.connections:
            connection.mute()
