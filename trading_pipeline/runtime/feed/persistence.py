"""Blocking work for the feed: done in a thread, repeated while a server is away."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from trading_pipeline.domain.model.errors import ServerAway
from trading_pipeline.runtime.feed.backoff import Backoff

T = TypeVar("T")
_log = structlog.get_logger(__name__)


async def retry_until_reachable(work: Callable[[], T], what: str) -> T:
    """The result of ``work``, tried until the database and Redis answer.

    What was heard must not be lost because PostgreSQL restarts, and the work is idempotent, so it
    waits in memory. Every other error is the caller's.
    """
    # Shorter than towards a venue: a database that restarts is back within seconds, and nobody else is asking it.
    backoff = Backoff(shortest_s=0.2, longest_s=10.0)
    while True:
        try:
            # In a thread, so that sockets are read while the database thinks.
            return await asyncio.to_thread(work)
        except (OperationalError, InterfaceError, ServerAway) as error:
            _log.error("server away, will try again", doing=what, cause=str(error).splitlines()[0])
            # No session at all, so the pauses keep growing.
            await asyncio.sleep(backoff.pause_s(0.0))
