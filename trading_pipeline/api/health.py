"""How each part is, asked at once and answered in time: a part that does not answer soon is down."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.api.composition import ApiContext
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.health import ComponentHealth, HealthState

_SOCKET_S = 1.0
"""After which a thread that asks is free again; the answer was given long before."""
_SILENT_S = 30.0
"""A feed that gave no sign of life for so long is told of; it beats every few seconds."""
NEEDED = frozenset({"database", "redis"})
"""Without these no request of any use is answered."""

Look = Callable[[], list[ComponentHealth]]


@dataclass(slots=True)
class Probes:
    """Everything that is looked at.

    :param patience_s: a part that takes longer is down.
    :param answered: when each last did, by the process's own clock.
    """

    context: ApiContext
    redis: "redis.Redis"
    patience_s: float = 0.08
    answered: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, context: ApiContext) -> "Probes":
        """On connections of their own, so that a busy pool does not look like a dead server."""
        client = redis.Redis.from_url(
            context.settings.redis_url, socket_timeout=_SOCKET_S, socket_connect_timeout=_SOCKET_S
        )
        return cls(context, client)

    async def look(self) -> list[ComponentHealth]:
        """Ask all of them side by side, within a tenth of a second."""
        looks: dict[str, Look] = {"database": self._database, "redis": self._redis, "dagster": self._dagster}
        found = await asyncio.gather(*(self._in_time(name, look) for name, look in looks.items()))
        return [one for several in found for one in several]

    async def _in_time(self, name: str, look: Look) -> list[ComponentHealth]:
        try:
            found = await asyncio.wait_for(asyncio.to_thread(look), self.patience_s)
        except (TimeoutError, TradingError, SQLAlchemyError, redis.RedisError, OSError) as error:
            cause = str(error).splitlines()[0] if str(error) else f"no answer within {self.patience_s * 1000:.0f} ms"
            since = self.answered.get(name)
            age_s = None if since is None else time.monotonic() - since
            return [ComponentHealth(name, HealthState.DOWN, cause[:200], age_s)]
        self.answered[name] = time.monotonic()
        return found

    def _database(self) -> list[ComponentHealth]:
        """The feed's signs of life are rows: to read them is to ask the database."""
        beats = PostgresHeartbeatStore(self.context.engine).beats()
        parts = [
            ComponentHealth(beat.component, _liveness(beat.age_s), beat.detail, round(beat.age_s, 3)) for beat in beats
        ]
        return [ComponentHealth("database", HealthState.UP, "answers", 0.0), *parts]

    def _redis(self) -> list[ComponentHealth]:
        self.redis.ping()
        return [ComponentHealth("redis", HealthState.UP, "answers", 0.0)]

    def _dagster(self) -> list[ComponentHealth]:
        self.context.jobs.check()
        return [ComponentHealth("dagster", HealthState.UP, "answers", 0.0)]


def _liveness(age_s: float) -> HealthState:
    return HealthState.DEGRADED if age_s > _SILENT_S else HealthState.UP


def overall(parts: list[ComponentHealth]) -> HealthState:
    """Down without what is needed, degraded where anything is not up."""
    if any(one.name in NEEDED and one.state is HealthState.DOWN for one in parts):
        return HealthState.DOWN
    return HealthState.UP if all(one.state is HealthState.UP for one in parts) else HealthState.DEGRADED
