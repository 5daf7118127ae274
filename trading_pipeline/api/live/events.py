"""Changes of the database become events in Redis, and events reach everybody who looks on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import psycopg
import redis
import structlog

from trading_pipeline.adapters.streams.change_feed import ChangeFeed
from trading_pipeline.adapters.streams.event_log import EventLog, LoggedEvent, place_of
from trading_pipeline.api.live.lookers_on import LookersOn
from trading_pipeline.domain.model.access import ACCESS_LIFE

log = structlog.get_logger()
KEEP_ALIVE_S = 15.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    """How something stands; it has no place among events.

    :param data: JSON.
    """

    event: str
    data: str


class Events:
    """Two tasks: one passes on what PostgreSQL tells, in one process of all; one reads what was passed on."""

    def __init__(self, feed: ChangeFeed, events: EventLog, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        """:param keep_alive_s: of silence, after which a connection is sent a sign of life."""
        self._feed, self._log, self._keep_alive_s = feed, events, keep_alive_s
        self._lookers_on: LookersOn[LoggedEvent | Reading] = LookersOn()
        self.newest_health: Reading | None = None

    @property
    def watched(self) -> int:
        """How many look on in this process."""
        return len(self._lookers_on)

    def tell_reading(self, reading: Reading) -> None:
        """Tell everybody who looks on now; whoever comes later is told the newest health first."""
        if reading.event == "health":
            self.newest_health = reading
        self._lookers_on.tell(reading)

    async def run(self) -> None:
        """Until it is cancelled; a server that is away is tried again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_again("changes are not passed on", self._pass_on))
                tasks.create_task(_again("events are not read", self._read))
        finally:
            await self._log.close()

    async def frames(self, last_event_id: str) -> AsyncIterator[str]:
        """What one connection is sent: what it missed, what happens, and a sign of life in between.

        It ends when an access token would: whoever may still look on comes back with the last id and misses nothing.
        """
        end = asyncio.get_running_loop().time() + ACCESS_LIFE.total_seconds()
        yield "retry: 2000\n\n"
        # Joined before the past is read, so that nothing falls between; what comes twice is left out by its place.
        with self._lookers_on.joined() as looker_on:
            told = place_of(last_event_id or "0-0")
            if last_event_id:
                async for missed in self._log.after(last_event_id):
                    told = missed.place
                    yield _frame(missed)
            if self.newest_health is not None:
                yield _frame(self.newest_health)
            while asyncio.get_running_loop().time() < end and not looker_on.dropped:
                event = await looker_on.next(self._keep_alive_s)
                if event is None:
                    yield ": keepalive\n\n"
                elif isinstance(event, Reading):
                    yield _frame(event)
                elif event.place > told:
                    told = event.place
                    yield _frame(event)

    async def _pass_on(self) -> None:
        async for payload in self._feed.changes():
            change = json.loads(payload)
            data = {"operation": change["operation"], **change["data"]}
            await self._log.append(change["event"], json.dumps(data))

    async def _read(self) -> None:
        newest = await self._log.end()
        while True:
            for event in await self._log.wait(newest):
                newest = event.event_id
                self._lookers_on.tell(event)


async def _again(trouble: str, work: Callable[[], Awaitable[None]]) -> None:
    pause_s = _FIRST_PAUSE_S
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await work()
        except (psycopg.Error, redis.RedisError, OSError) as error:
            log.warning(trouble, cause=str(error).splitlines()[0] if str(error) else type(error).__name__)
        lasted = asyncio.get_running_loop().time() - began
        pause_s = _FIRST_PAUSE_S if lasted > _LONGEST_PAUSE_S else min(pause_s * 2, _LONGEST_PAUSE_S)
        await asyncio.sleep(pause_s)


def _frame(told: LoggedEvent | Reading) -> str:
    """A reading has no id, so that who comes back after it names the event before."""
    place = f"id: {told.event_id}\n" if isinstance(told, LoggedEvent) else ""
    return f"{place}event: {told.event}\ndata: {told.data}\n\n"
