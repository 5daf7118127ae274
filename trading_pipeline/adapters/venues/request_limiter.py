"""Requests of all processes to one venue, counted together.

A venue counts per account and per address, not per process, so that the count lives in Redis. It is kept by Redis' own
clock: processes need not agree on the time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import redis
import structlog

from trading_pipeline.domain.model.errors import TurnedAway

_log = structlog.get_logger(__name__)

# Seconds; an order does not wait longer for leave to be sent than it takes to be sent.
_REDIS_TIMEOUT_S = 0.5
_REMEMBERED_S = 3600

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait = 0
for i = 0, #KEYS / 3 - 1 do
    local sent, shut, size = KEYS[3 * i + 1], KEYS[3 * i + 2], KEYS[3 * i + 3]
    local share, told, window = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
    local most = math.max(1, math.floor((tonumber(redis.call('GET', size)) or told) * share))
    wait = math.max(wait, redis.call('PTTL', shut) * 1000)
    redis.call('ZREMRANGEBYSCORE', sent, '-inf', now - window)
    local used = redis.call('ZCARD', sent)
    if used >= most then
        local oldest = redis.call('ZRANGE', sent, used - most, used - most, 'WITHSCORES')[2]
        wait = math.max(wait, oldest + window - now)
    end
end
if wait > 0 then return wait end
for i = 0, #KEYS / 3 - 1 do
    redis.call('ZADD', KEYS[3 * i + 1], now, string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[3 * i + 1], math.ceil(tonumber(ARGV[3 * i + 3]) / 1000))
end
return 0
"""
"""All quotas or none, in one step: a request that one of them holds back takes nothing from the others."""

_SHUT = "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end"


class HeldBack(TurnedAway):
    """Our own count says that the venue would turn the request away; it was not sent."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``requests`` within any ``window_s`` wall seconds, counted under ``name``.

    :param share: the part of them that requests of this kind may use, 0 to 1.
    :param sized_by: the quota whose size is this one's, where the venue may tell another than ``requests``.
    """

    name: str
    requests: int
    window_s: float
    share: float = 1.0
    sized_by: str = ""


class RequestLimiter:
    """Gives leave to send; where Redis is away it gives it to everybody, because the venue counts, too."""

    def __init__(self, url: str, venue: str) -> None:
        """Connect at the first request.

        :param venue: put into the names, so that two venues are counted apart.
        """
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
        )
        self._prefix = f"limits:{venue}:"
        self._take = self._redis.register_script(_TAKE)
        self._shut = self._redis.register_script(_SHUT)

    def take(self, quotas: Sequence[Quota]) -> None:
        """Count a request that is about to leave.

        :raises HeldBack: it would be one too many, or a quota is shut; ``retry_after_s`` is when to ask again.
        """
        keys = [key for one in quotas for key in (f"sent:{one.name}", f"shut:{one.name}", _size(one))]
        arguments = [value for one in quotas for value in (one.share, one.requests, round(one.window_s * 1e6))]
        wait_us = 0
        with self._reachable():
            wait_us = int(str(self._take([self._prefix + key for key in keys], arguments)))
        if wait_us > 0:
            names = ", ".join(one.name for one in quotas)
            raise HeldBack(f"held back for {wait_us / 1e6:.2f} s by the count of {names}", "", wait_us / 1e6)

    def shut(self, name: str, for_s: float) -> None:
        """Let nobody send under this name for so many wall seconds; a longer time that stands stays."""
        with self._reachable():
            # At least a millisecond, as Redis refuses a key that is to live for none.
            self._shut([f"{self._prefix}shut:{name}"], [max(1, round(for_s * 1000))])

    def resize(self, name: str, requests: int) -> None:
        """Remember what the venue says this quota holds, until an hour after it was last said."""
        with self._reachable():
            self._redis.set(f"{self._prefix}size:{name}", requests, ex=_REMEMBERED_S)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            # An order must not wait for Redis: the venue counts as well, and turns away what is too much.
            _log.warning("requests are not counted, Redis is away", cause=str(error))


def _size(quota: Quota) -> str:
    return f"size:{quota.sized_by or quota.name}"
