"""The last events of the system in a Redis stream, for everybody who looks on and for those who come back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis

KEPT = 10_000
"""Events that somebody who was away is told of; Redis cuts whole blocks, so a few more."""
_STREAM = "stream:events"
_AT_ONCE = 500
_BLOCK_MS = 5_000


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event.

    :param event_id: ascends; `<milliseconds>-<number>`, as Redis made it.
    :param data: JSON.
    """

    event_id: str
    event: str
    data: str

    @property
    def place(self) -> tuple[int, int]:
        """For comparing."""
        return place_of(self.event_id)


def place_of(event_id: str) -> tuple[int, int]:
    """Where an id stands among others."""
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)


class EventLog:
    """``stream:events``; connects at the first call, and waits as long as it takes."""

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url, decode_responses=True, protocol=2, socket_connect_timeout=2.0, socket_timeout=_BLOCK_MS / 1000 * 2
        )

    async def append(self, event: str, data: str) -> None:
        """Add one."""
        await self._redis.xadd(_STREAM, {"event": event, "data": data}, maxlen=KEPT, approximate=True)

    async def end(self) -> str:
        """Id of the newest event; of none the beginning."""
        newest = await self._redis.xrevrange(_STREAM, count=1)
        return str(newest[0][0]) if newest else "0-0"

    async def after(self, event_id: str) -> AsyncIterator[LoggedEvent]:
        """Everything newer than an id that is still kept, oldest first."""
        while found := _events(await self._redis.xrange(_STREAM, min=f"({event_id}", count=_AT_ONCE)):
            for one in found:
                yield one
            event_id = found[-1].event_id

    async def wait(self, event_id: str) -> list[LoggedEvent]:
        """What is newer than an id, or nothing after some seconds."""
        answer: Any = await self._redis.xread({_STREAM: event_id}, count=_AT_ONCE, block=_BLOCK_MS)
        return _events(answer[0][1]) if answer else []

    async def close(self) -> None:
        """Drop the connections."""
        await self._redis.aclose()


def _events(entries: Any) -> list[LoggedEvent]:
    return [LoggedEvent(str(event_id), fields["event"], fields["data"]) for event_id, fields in entries]
