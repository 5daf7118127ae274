"""What a worker leaves for those who watch it."""

import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.errors import ConfigurationError

_log = structlog.get_logger(__name__)
_EVERY_S = 5.0
_PATIENCE_MS = 2000
"""The loop that hands out tasks waits for the statement."""


class SignOfLife:
    """A heartbeat in the database, given by the loop that takes tasks and by nothing else: if that hangs, it stops."""

    def __init__(self, database_url: str, queue: str) -> None:
        """Connect to nothing yet.

        :raises ConfigurationError: ``database_url`` is empty or no address.
        """
        if not database_url:
            raise ConfigurationError("DATABASE_URL is empty; `trading-pipeline up` sets it for the processes it starts")
        self._store = PostgresHeartbeatStore(connect(database_url, patience_ms=_PATIENCE_MS))
        self._component = f"worker-{queue}"
        self._beat_at = float("-inf")

    def __call__(self, **_: object) -> None:
        """Beat, unless the last one is younger than five seconds of wall time."""
        now = time.monotonic()
        if now - self._beat_at < _EVERY_S:
            return
        self._beat_at = now
        try:
            self._store.beat(self._component, "takes runs")
        # Whoever watches sees the same server; work that needs none goes on.
        except SQLAlchemyError as error:
            _log.warning("no sign of life given", cause=str(error).splitlines()[0])
