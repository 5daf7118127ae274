"""How each part is: asked every second, so that whoever wants to know is answered at once, however slow a part is.

Where nobody wants to know for a while, the parts are asked every five seconds, and the first who does waits for a look.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import redis
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.api.context import ApiContext
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.health import ComponentHealth, HealthState

_PATIENCE_S = 2.0
"""A part that takes longer to answer is down."""
_EVERY_S = 1.0
_REST_S = 4.0
"""Further seconds between two looks that nobody asked for."""

_WANTED_S = 10.0
"""After a question: the next ones are likely to follow."""

_SILENT_S = 30.0
"""A feed that gave no sign of life for so long is told of; it beats every few seconds."""
STATUS = {HealthState.UP: "ok", HealthState.DEGRADED: "degraded", HealthState.DOWN: "down"}
"""In the word of whoever asks for the whole."""
NEEDED = frozenset({"database", "redis"})
"""Without these no request of any use is answered."""

Look = Callable[[], list[ComponentHealth]]


@dataclass(slots=True)
class Probes:
    """Everything that is looked at.

    :param answered: when each part last did, by the process's own clock, in seconds.
    :param seen: what the last look showed, and when it was.
    :param wanted_at: when somebody last asked, likewise.
    :param rests: whether nobody did for long, so that what was seen may be some seconds old.
    """

    context: ApiContext
    redis: "redis.Redis"
    answered: dict[str, float] = field(default_factory=dict)
    seen: tuple[float, list[ComponentHealth]] | None = None
    wanted_at: float = float("-inf")
    rests: bool = False

    @classmethod
    def of(cls, context: ApiContext) -> "Probes":
        """On connections of their own, so that a busy pool does not look like a dead server."""
        client = redis.Redis.from_url(
            context.settings.redis_url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S
        )
        return cls(context, client)

    async def run(self) -> None:
        """Look every second while somebody asks, and seldom else, until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)
            rested_s = 0.0
            while rested_s < _REST_S and time.monotonic() - self.wanted_at > _WANTED_S:
                self.rests = True
                await asyncio.sleep(_EVERY_S)
                rested_s += _EVERY_S
            self.rests = False

    async def latest(self) -> list[ComponentHealth]:
        """What the last look showed, with ages as of now; the first to ask, ever or after a rest, waits for one."""
        self.wanted_at = time.monotonic()
        looked_at, parts = await self.look() if self.rests or self.seen is None else self.seen
        since = time.monotonic() - looked_at
        return [one if one.age_s is None else replace(one, age_s=round(one.age_s + since, 3)) for one in parts]

    def newest(self) -> list[ComponentHealth]:
        """What the last look showed, for who does not ask for another; nothing before the first."""
        return self.seen[1] if self.seen else []

    async def look(self) -> tuple[float, list[ComponentHealth]]:
        """Ask all of them side by side."""
        looks: dict[str, Look] = {"database": self._database, "redis": self._redis, "dagster": self._dagster}
        found = await asyncio.gather(*(self._in_time(name, look) for name, look in looks.items()))
        self.seen = time.monotonic(), [one for several in found for one in several]
        self.rests = False
        return self.seen

    async def _in_time(self, name: str, look: Look) -> list[ComponentHealth]:
        try:
            found = await asyncio.wait_for(asyncio.to_thread(look), _PATIENCE_S)
        except (TimeoutError, TradingError, SQLAlchemyError, redis.RedisError, OSError) as error:
            cause = str(error).splitlines()[0] if str(error) else f"no answer within {_PATIENCE_S:.0f} s"
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
