"""Events and channels on real servers: what is kept, who passes it on, and how many listen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress

import psycopg
import pytest
import redis

from trading_pipeline.adapters.streams.change_feed import CHANNEL, ChangeFeed
from trading_pipeline.adapters.streams.event_log import KEPT, EventLog
from trading_pipeline.api.live.channels import Channel
from trading_pipeline.api.live.events import Events, Reading
from trading_pipeline.api.live.lookers_on import QUEUED

STREAM = "stream:events"
CHANNEL_NAME = "bybit:books"
SOON_S = 10.0


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """Without anybody's events."""
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    client.delete(STREAM)
    yield client
    client.delete(STREAM)
    client.close()


@asynccontextmanager
async def event_log(url: str) -> AsyncIterator[EventLog]:
    log = EventLog(url)
    try:
        yield log
    finally:
        await log.close()


def test_who_comes_back_is_told_the_last_ten_thousand_in_their_order(server: redis.Redis, redis_url: str) -> None:
    filling = server.pipeline()
    for number in range(1, KEPT + 500):
        filling.xadd(STREAM, {"event": "halt", "data": str(number)}, id=f"1-{number}")
    filling.execute()

    async def missed() -> list[str]:
        async with event_log(redis_url) as log:
            await log.append("halt", "newest")
            return [one.data async for one in log.after("0-0")]

    told = asyncio.run(missed())
    assert KEPT <= len(told) < KEPT + 200  # whole blocks are cut
    assert told == [*map(str, range(KEPT + 501 - len(told), KEPT + 500)), "newest"]


def test_a_connection_on_which_nothing_happens_is_sent_signs_of_life(server: redis.Redis, redis_url: str) -> None:
    async def look_on() -> list[str]:
        async with event_log(redis_url) as log:
            events = Events(ChangeFeed("postgresql://nobody@127.0.0.1:1/none"), log, keep_alive_s=0.01)
            async with aclosing(events.frames("")) as frames:  # type: ignore[type-var]
                return [await anext(frames) for _ in range(3)]

    assert asyncio.run(look_on()) == ["retry: 2000\n\n", ": keepalive\n\n", ": keepalive\n\n"]


def test_a_connection_that_does_not_read_is_ended_to_come_back(server: redis.Redis, redis_url: str) -> None:
    async def look_on() -> int:
        async with event_log(redis_url) as log:
            events = Events(ChangeFeed("postgresql://nobody@127.0.0.1:1/none"), log)
            frames = events.frames("")
            await anext(frames)
            first = asyncio.ensure_future(anext(frames))
            await asyncio.sleep(0)
            for number in range(QUEUED + 2):
                events.tell_reading(Reading("metrics", str(number)))
            await first
            return len([frame async for frame in frames])

    assert asyncio.run(look_on()) == 0


def test_of_two_processes_one_passes_changes_on_until_it_ends(database_url: str) -> None:
    async def heard(feed: ChangeFeed, into: list[str]) -> None:
        async for payload in feed.changes():
            into += [payload]

    async def pass_on() -> tuple[list[str], list[str]]:
        first: list[str] = []
        second: list[str] = []
        async with await psycopg.AsyncConnection.connect(plain, autocommit=True) as teller:
            ahead = asyncio.create_task(heard(ChangeFeed(database_url), first))
            await _until(lambda: first, lambda: teller.execute(f"NOTIFY {CHANNEL}, 'to the first'"))
            behind = asyncio.create_task(heard(ChangeFeed(database_url), second))
            await asyncio.sleep(0.2)
            ahead.cancel()
            with suppress(asyncio.CancelledError):
                await ahead
            before = list(second)
            await _until(lambda: second, lambda: teller.execute(f"NOTIFY {CHANNEL}, 'to the second'"))
            behind.cancel()
            with suppress(asyncio.CancelledError):
                await behind
            return before, second

    plain = database_url.replace("+psycopg", "")
    before, after = asyncio.run(pass_on())
    assert (before, set(after)) == ([], {"to the second"})


def test_a_channel_is_subscribed_once_however_many_listen_and_left_with_the_last(
    server: redis.Redis, redis_url: str
) -> None:
    def subscribed() -> int:
        ((_, number),) = server.pubsub_numsub(CHANNEL_NAME)
        return int(number)

    async def listen() -> tuple[int, list[str | None], int]:
        channel = Channel(redis_url, CHANNEL_NAME)
        async with channel.joined() as one:
            async with channel.joined() as other:
                together = subscribed()
                server.publish(CHANNEL_NAME, '{"b": 1,  "a":2}')
                frames = [await one.next(SOON_S), await other.next(SOON_S)]
            alone = subscribed()
        async with asyncio.timeout(SOON_S):
            while subscribed():
                await asyncio.sleep(0.01)
        return together, frames, alone

    assert asyncio.run(listen()) == (1, ['{"b": 1,  "a":2}'] * 2, 1)


async def _until(seen: Callable[[], object], ask: Callable[[], Awaitable[object]]) -> None:
    """Ask again until it is seen: whoever is told must listen first."""
    async with asyncio.timeout(SOON_S):
        while not seen():
            await ask()
            await asyncio.sleep(0.05)
