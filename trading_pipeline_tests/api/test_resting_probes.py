"""Nobody is asked for nobody, and whoever asks after a rest hears how it is now."""

import asyncio
from typing import Any, cast

import pytest

from trading_pipeline.api import health
from trading_pipeline.api.health import Probes
from trading_pipeline.domain.model.health import ComponentHealth, HealthState


class Asked(Probes):
    """Counts the looks; every part is what it is told to be."""

    def __init__(self) -> None:
        super().__init__(cast("Any", None), cast("Any", None))
        self.looks, self.state = 0, HealthState.UP

    def _database(self) -> list[ComponentHealth]:
        self.looks += 1
        return [ComponentHealth("database", self.state, "", 0.0)]

    def _redis(self) -> list[ComponentHealth]:
        return []

    def _dagster(self) -> list[ComponentHealth]:
        return []


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """In which a second is a millisecond, and a rest without a question has no end."""
    monkeypatch.setattr(health, "_EVERY_S", 0.001)
    monkeypatch.setattr(health, "_REST_S", 3600.0)
    return Asked()


def test_parts_rest_while_nobody_asks_and_the_next_who_does_hears_how_they_are_now(probes: Asked) -> None:
    async def ask_after_a_rest() -> tuple[int, list[ComponentHealth]]:
        running = asyncio.create_task(probes.run())
        while not probes.rests:
            await asyncio.sleep(0)
        before, probes.state = probes.looks, HealthState.DOWN
        found = await probes.latest()
        running.cancel()
        return before, found

    before, found = asyncio.run(ask_after_a_rest())
    assert (before, [one.state for one in found]) == (1, [HealthState.DOWN])


def test_they_are_looked_at_again_and_again_after_a_question(probes: Asked) -> None:
    async def look_on() -> None:
        running = asyncio.create_task(probes.run())
        await probes.latest()
        while probes.looks < 4:
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(asyncio.wait_for(look_on(), 10))
    assert not probes.rests
