"""How things stand, for whoever looks on: health when it changes, figures of the pipeline every few seconds.

No event, as nothing happened: neither is kept, so that they push nothing out of what is told to those who come back.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview
from trading_pipeline.api.health import STATUS, Probes, overall
from trading_pipeline.api.live.events import Events, Reading

log = structlog.get_logger()
_EVERY_S = 1.0
_METRICS_EVERY_S = 5.0


@dataclass(slots=True)
class Readings:
    """Asked once for everybody in this process.

    :param overview: asks the database; only while somebody looks on.
    """

    probes: Probes
    overview: Callable[[], SystemOverview]
    events: Events
    _health: str = ""
    _measured_at: float = field(default=float("-inf"))

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._tell_health()
            now = asyncio.get_running_loop().time()
            if self.events.watched and now - self._measured_at >= _METRICS_EVERY_S:
                self._measured_at = now
                await self._tell_metrics()
            await asyncio.sleep(_EVERY_S)

    async def _tell_health(self) -> None:
        # Nobody is told now, only whoever comes next: that is no reason to ask anybody.
        parts = await self.probes.latest() if self.events.watched else self.probes.newest()
        if not parts:
            return
        states = {one.name: one.state for one in parts}
        health = json.dumps({"status": STATUS[overall(parts)], "components": states})
        if health != self._health:
            self._health = health
            self.events.tell_reading(Reading("health", health))

    async def _tell_metrics(self) -> None:
        try:
            seen = await asyncio.to_thread(self.overview)
        except SQLAlchemyError as error:
            # whoever looks on is told so by the health
            log.warning("the pipeline cannot be measured", cause=str(error).splitlines()[0])
            return
        figures = {
            "newest_wave": seen.newest_wave and seen.newest_wave.isoformat(),
            "waiting_waves": seen.waiting_waves,
            "waiting_plans": seen.waiting_plans,
            "unsettled_orders": seen.unsettled_orders,
            "open_positions": len(seen.positions),
            "halts": len(seen.halts),
            "lookers_on": self.events.watched,
        }
        self.events.tell_reading(Reading("metrics", json.dumps(figures)))
