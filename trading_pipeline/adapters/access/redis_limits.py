"""Attempts counted in Redis, by every process together."""

import time
from functools import cached_property

import redis
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from trading_pipeline.domain.model.errors import ServerAway, TooManyRequests
from trading_pipeline.ports.credentials import AttemptLimiter


class RedisLimits(AttemptLimiter):
    """A sliding window a key; it is asked and counted in one round trip."""

    def __init__(self, url: str) -> None:
        # The library names a unix socket after the server.
        self._address = f"redis+{url}" if url.startswith("unix://") else url

    @cached_property
    def _counted(self) -> SlidingWindowCounterRateLimiter:
        """Made at the first use: whoever only adds users needs no Redis."""
        return SlidingWindowCounterRateLimiter(
            RedisStorage(self._address, key_prefix="api-limit", socket_timeout=2.0, socket_connect_timeout=2.0)
        )

    def spend(self, key: str, most: int, per_s: int) -> None:
        """Count one, and refuse where it is too many."""
        window = RateLimitItemPerSecond(most, per_s)
        try:
            if self._counted.hit(window, key):
                return
            again_at = self._counted.get_window_stats(window, key).reset_time
        except redis.RedisError as error:
            raise ServerAway("redis", f"Redis does not answer, so requests cannot be counted: {error}") from error
        # Rounded up: a client that comes back a moment early would be refused, and counted, again.
        wait_s = max(1, int(again_at - time.time()) + 1)
        raise TooManyRequests(f"more than {most} requests in {per_s} s; try again in {wait_s} s", wait_s)
