"""WebSocket connections and who listens to which topic."""

import asyncio
import json
import secrets
from collections.abc import Iterable, Mapping

CLOSE = ""
"""Queued instead of a message, it ends the connection."""


class Connection:
    """One client: its topics and the messages that wait to be written."""

    def __init__(self) -> None:
        self.connection_id = secrets.token_hex(10)
        self.topics: set[str] = set()
        self.authenticated = False
        self.outgoing: asyncio.Queue[str] = asyncio.Queue()

    def send(self, message: Mapping[str, object]) -> None:
        """Queue a message."""
        self.outgoing.put_nowait(json.dumps(message))


class Hub:
    """All connections of one stream."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()

    def topics(self) -> set[str]:
        """Every topic somebody listens to."""
        return set().union(*(connection.topics for connection in self.connections))

    def publish(self, topics: Iterable[str], message: Mapping[str, object]) -> None:
        """Send to each connection that listens to one of the topics, under the first such name."""
        for connection in self.connections:
            # A client that listens to a topic under two names is told once.
            heard = next((topic for topic in topics if topic in connection.topics), None)
            if heard is not None:
                connection.send({**message, "topic": heard})

    def send_text(self, text: str) -> None:
        """Send raw text to everybody; the empty text closes the connections."""
        for connection in self.connections:
            connection.outgoing.put_nowait(text)
