"""Event streams in Redis: those of the contracts, such as ``stream:bar_close``, and ``stream:dlq``."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis

from trading_pipeline.adapters.streams.contracts import CONTRACTS, decode, encode
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import DataError, ServerAway
from trading_pipeline.domain.model.events import Event
from trading_pipeline.ports.streams import EventStream

# Entries of a stream, about: Redis cuts whole blocks. The database is the truth, a stream only wakes somebody.
_KEPT = 100_000
_READ_AT_ONCE = 1_000
_LONGEST_BLOCK_S = 10.0
_SOCKET_TIMEOUT_S = 15.0
"""Longer than a block, so that silence from Redis is an error and not a quiet market."""


Entry = tuple[str, dict[str, str]]
"""Position and fields of one entry of a stream."""


class RedisStream(EventStream):
    """One connection pool; each stream keeps about its last 100,000 entries."""

    def __init__(self, url: str, prefix: str = "stream:") -> None:
        """Connect at the first call.

        :param prefix: put before the names of the streams.
        """
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,  # the shape of replies differs between protocols
            encoding_errors="replace",
            socket_connect_timeout=5.0,
            socket_timeout=_SOCKET_TIMEOUT_S,
        )
        self._prefix = prefix

    def check(self) -> None:
        """Make sure that Redis answers.

        :raises ServerAway: it does not.
        """
        with self._reachable():
            self._redis.ping()

    def publish(self, events: Sequence[Event]) -> None:
        """Append the events in one round trip."""
        if not events:
            return
        with self._reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(self._name(type(event)), {"data": encode(event)}, maxlen=_KEPT, approximate=True)
            pipeline.execute()

    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:
        """Block until something newer than ``after`` is there, at most ``timeout_s`` wall seconds.

        A message that breaks its contract goes to the dead letters and still moves the position,
        so that it is buried once. With ``after`` empty the answer is a position even when nothing came.
        """
        name, deadline = self._name(kind), time.monotonic() + timeout_s
        with self._reachable():
            # Read here and not left to "$": what arrives between two blocks would be missed.
            position = after or self._end(name)
            while True:
                newer = self._read(name, position, deadline - time.monotonic())
                if newer:
                    self._bury_malformed(kind, newer)
                    return newer[-1][0]
                if time.monotonic() >= deadline:
                    return position

    def dead_letter(self, source: str, payload: str, reason: str) -> None:
        """Keep the message with its reason."""
        with self._reachable():
            self._redis.xadd(
                self._dead,
                {"source": source, "payload": payload, "reason": reason},
                maxlen=_KEPT,
                approximate=True,
            )

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """The newest ``limit`` dead letters, newest first."""
        with self._reachable():
            entries = _entries(self._redis.xrevrange(self._dead, count=limit))
        return [
            DeadLetter(letter_id, fields.get("source", ""), fields.get("payload", ""), fields.get("reason", ""))
            for letter_id, fields in entries
        ]

    def drop_dead_letter(self, letter_id: str) -> None:
        """Forget one; one that is gone already is no matter."""
        with self._reachable():
            self._redis.xdel(self._dead, letter_id)

    def republish(self, stream: str, payload: str) -> None:
        """Append a message to the stream that it was buried from, once it keeps the contract.

        :param stream: the stream's name as dead letters have it.
        :raises DataError: it breaks the contract, or there is no such stream.
        """
        kinds = [kind for kind in CONTRACTS if self._name(kind) == stream]
        if not kinds:
            raise DataError(f"nobody reads {stream} here")
        self.publish([decode(kinds[0], payload)])

    def close(self) -> None:
        """Drop the connections."""
        self._redis.close()

    @property
    def _dead(self) -> str:
        return f"{self._prefix}dlq"

    def _name(self, kind: type[Event]) -> str:
        return f"{self._prefix}{CONTRACTS[kind][0]}"

    def _end(self, name: str) -> str:
        newest = _entries(self._redis.xrevrange(name, count=1))
        return newest[0][0] if newest else "0-0"

    def _read(self, name: str, position: str, patience_s: float) -> list[Entry]:
        """Everything newer than ``position``, waiting for it up to ``patience_s`` or ten wall seconds."""
        # a block of 0 would mean for ever
        block_ms = max(1, int(min(patience_s, _LONGEST_BLOCK_S) * 1000))
        found = _stream_entries(self._redis.xread({name: position}, count=_READ_AT_ONCE, block=block_ms))
        read = len(found)
        # Everything there is: a reader that was away is woken once, not a thousand times.
        while read == _READ_AT_ONCE:
            more = _stream_entries(self._redis.xread({name: found[-1][0]}, count=_READ_AT_ONCE))
            read = len(more)
            found += more
        return found

    def _bury_malformed(self, kind: type[Event], entries: Sequence[Entry]) -> None:
        for _, fields in entries:
            payload = fields.get("data", "")
            try:
                decode(kind, payload)
            except DataError as error:
                self.dead_letter(self._name(kind), payload, str(error))

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError) as error:
            where = self._redis.connection_pool.connection_kwargs
            address = where.get("path") or f"{where.get('host')}:{where.get('port')}"
            raise ServerAway("redis", f"Redis at {address} cannot be reached ({error}); check REDIS_URL") from error


def _stream_entries(reply: object) -> list[Entry]:
    """Entries in the reply to a read of one stream: ``[[name, entries]]``, or nothing when the time is up."""
    return _entries(reply[0][1]) if isinstance(reply, list) and reply else []


def _entries(reply: object) -> list[Entry]:
    if not isinstance(reply, list):
        return []
    return [(str(position), {str(key): str(value) for key, value in fields.items()}) for position, fields in reply]
