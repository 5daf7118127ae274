"""Redis channels of the venue's ticks, bars and books, passed on as they are."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis
import structlog

from trading_pipeline.api.live.lookers_on import LookerOn, LookersOn
from trading_pipeline.domain.model.errors import ServerAway

log = structlog.get_logger()
CHANNELS = ("bybit:ticks", "bybit:klines", "bybit:books")
"""That a client may ask for."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.5, 15.0


def status_frame(payload: str) -> str:
    """What the relay itself says."""
    return json.dumps({"v": 1, "type": "status", "payload": payload})


class Channel:
    """One subscription for everybody in this process who listens to a channel."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._lookers_on: LookersOn[str] = LookersOn()
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[LookerOn[str]]:
        """Listen for the length of the block; the subscription stands when it begins.

        :raises ServerAway: Redis is not there.
        """
        with self._lookers_on.joined() as looker_on:
            try:
                async with self._lock:
                    if self._task is None or self._task.done():
                        client, listening = await self._subscribe()
                        self._task = asyncio.create_task(self._pass_on(client, listening))
                yield looker_on
            except (redis.RedisError, OSError) as error:
                raise ServerAway("redis", f"Redis does not answer: {error}") from error
            finally:
                if len(self._lookers_on) == 1 and self._task is not None:
                    self._task.cancel()
                    self._task = None

    async def _subscribe(self) -> tuple[redis.Redis, redis.client.PubSub]:
        client = redis.Redis.from_url(self._url, protocol=2, socket_connect_timeout=2.0, socket_timeout=None)
        listening = client.pubsub(ignore_subscribe_messages=False)
        await listening.subscribe(self._name)
        # Waited for: what is published after a client was told that it listens must reach it.
        await listening.get_message(timeout=2.0)
        return client, listening

    async def _pass_on(self, client: redis.Redis, listening: redis.client.PubSub) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async for message in listening.listen():
                    if message["type"] == "message":
                        self._lookers_on.tell(message["data"].decode())
                        pause_s = _FIRST_PAUSE_S
            except (redis.RedisError, OSError) as error:
                log.warning("a channel is interrupted", channel=self._name, cause=str(error))
                self._lookers_on.tell(status_frame("interrupted"))
            finally:
                await client.aclose()
            client, listening = await self._resubscribed(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            self._lookers_on.tell(status_frame("subscribed"))

    async def _resubscribed(self, pause_s: float) -> tuple[redis.Redis, redis.client.PubSub]:
        while True:
            await asyncio.sleep(pause_s)
            try:
                return await self._subscribe()
            except (redis.RedisError, OSError):
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
