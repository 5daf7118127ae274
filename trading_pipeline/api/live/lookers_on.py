"""Many look on, and none holds up another: each has a queue with an end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Told = TypeVar("Told")
QUEUED = 1_000


class LookerOn(Generic[Told]):
    """One connection's queue.

    :param dropped: how many were left out because they were not fetched in time.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Told] = asyncio.Queue(QUEUED)
        self.dropped = 0

    def offer(self, told: Told) -> None:
        """Queue it; where the queue is full, the oldest gives way."""
        if self._queue.full():
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(told)

    async def next(self, patience_s: float) -> Told | None:
        """The next one, ``None`` when there is none for so long."""
        try:
            return await asyncio.wait_for(self._queue.get(), patience_s)
        except TimeoutError:
            return None


class LookersOn(Generic[Told]):
    """Everybody who looks on at the same thing."""

    def __init__(self) -> None:
        self._present: set[LookerOn[Told]] = set()

    def __len__(self) -> int:
        return len(self._present)

    def tell(self, told: Told) -> None:
        """Offer it to each."""
        for one in self._present:
            one.offer(told)

    @contextmanager
    def joined(self) -> Iterator[LookerOn[Told]]:
        """Look on for the length of the block."""
        one: LookerOn[Told] = LookerOn()
        self._present.add(one)
        try:
            yield one
        finally:
            self._present.discard(one)
