"""What PostgreSQL tells at a commit."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.abc import PQGen
from sqlalchemy import make_url

CHANNEL = "trading_changes"
"""That triggers notify; migration 0024 makes them."""
_LOCK = 7_013_002
"""Number of the advisory lock that the one who listens holds: what is told once must not be passed on twice."""
_ASK_AGAIN_S = 1.0
_WAKE_S = 5.0
Answer = TypeVar("Answer")


class _Listening(AsyncConnection[tuple[Any, ...]]):
    """Wakes up for what comes, and not ten times a second to look whether it is interrupted, as a thread has to."""

    async def wait(self, gen: PQGen[Answer], interval: float = _WAKE_S, timeout: float | None = None) -> Answer:
        return await super().wait(gen, interval=interval, timeout=timeout)


class ChangeFeed:
    """Of all processes one listens; another takes over within a second of its end."""

    def __init__(self, database_url: str) -> None:
        address = make_url(database_url).set(drivername="postgresql")
        self._dsn = address.render_as_string(hide_password=False)

    async def changes(self) -> AsyncIterator[str]:
        """Every notification as it was sent, JSON; for ever.

        :raises psycopg.Error: the connection is lost; what is told until the next call is not heard.
        """
        # Not from the pool: who listens keeps the connection for as long as the process lives.
        async with await _Listening.connect(self._dsn, autocommit=True) as connection:
            # A lock of the session: the server lifts it with the connection, however the process ends.
            while not await self._chosen(connection):
                await asyncio.sleep(_ASK_AGAIN_S)
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            async for told in connection.notifies():
                yield told.payload

    @staticmethod
    async def _chosen(connection: AsyncConnection) -> bool:
        answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        row = await answer.fetchone()
        return bool(row and row[0])
