"""Health is told at once and when it changes, and nobody measures for nobody."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast

from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview
from trading_pipeline.adapters.streams.change_feed import ChangeFeed
from trading_pipeline.adapters.streams.event_log import EventLog
from trading_pipeline.api.health import Probes
from trading_pipeline.api.live.events import Events
from trading_pipeline.api.live.readings import Readings
from trading_pipeline.domain.model.health import ComponentHealth, HealthState


@dataclass
class OneComponent:
    """In place of ``Probes``: a database that is as it is told to be."""

    state: HealthState = HealthState.UP

    async def latest(self) -> list[ComponentHealth]:
        return self.newest()

    def newest(self) -> list[ComponentHealth]:
        return [ComponentHealth("database", self.state, "", 0.0)]


def read(frame: str) -> tuple[str, dict[str, Any]]:
    """Kind and data of what is sent; it has no id."""
    kind, data = frame.strip().split("\n")
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_health_is_told_at_once_and_when_it_changes_and_figures_only_while_somebody_looks_on() -> None:
    probes, asked = OneComponent(), []

    def overview() -> SystemOverview:
        asked.append(1)
        return SystemOverview((), None, 2, 0, 1, (), (), ())

    async def look_on() -> tuple[int, list[tuple[str, dict[str, Any]]]]:
        events = Events(ChangeFeed("postgresql://nowhere/trading"), EventLog("redis://127.0.0.1:1"))
        running = asyncio.create_task(Readings(cast("Probes", probes), overview, events).run())
        while events.newest_health is None:
            await asyncio.sleep(0)
        before, frames = len(asked), events.frames("")
        assert (await anext(frames)).startswith("retry")
        told = [read(await anext(frames)), read(await anext(frames))]
        probes.state = HealthState.DOWN
        told.append(read(await anext(frames)))
        running.cancel()
        return before, told

    before, (health, metrics, changed) = asyncio.run(look_on())
    assert before == 0
    assert health == ("health", {"status": "ok", "components": {"database": "up"}})
    assert metrics[0] == "metrics"
    assert (metrics[1]["waiting_waves"], metrics[1]["unsettled_orders"], metrics[1]["lookers_on"]) == (2, 1, 1)
    assert changed == ("health", {"status": "down", "components": {"database": "down"}})
