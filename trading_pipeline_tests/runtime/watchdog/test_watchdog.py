"""The watchdog between venue and database, each of which may be away."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.operations.limit_changes import PostgresLimitChanges
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.limit_changes import LimitChange
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import EntryLevel
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.operations.heartbeats import HeartbeatStore
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.runtime.watchdog.watchdog import Watchdog
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


@dataclass
class UnreachableStore(HeartbeatStore):
    """A database that is away for as long as ``away`` says."""

    store: HeartbeatStore
    away: bool = True

    def beat(self, component: str, detail: str) -> None:
        self.store.beat(component, detail)

    def beats(self) -> list[Heartbeat]:
        if self.away:
            raise OperationalError("SELECT", {}, Exception("the server is gone"))
        return list(self.store.beats())


@dataclass
class Seconds:
    """Wall seconds that a test lets pass."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    lab: Lab
    watchdog: Watchdog
    seconds: Seconds = field(default_factory=Seconds)

    def look_for(self, seconds: int) -> None:
        """A look a second."""
        for _ in range(seconds):
            self.watchdog.look()
            self.seconds.now += 1


def scene_on(lab: Lab, heartbeats: HeartbeatStore) -> Scene:
    seconds = Seconds()
    events = PostgresRiskEventLog(lab.database, ACCOUNT, "watchdog")
    limits = partial(limits_in_force, lab.database, Path("config"))
    watchdog = Watchdog(lab.context("watchdog"), heartbeats, lab.equity, events, limits, seconds)
    return Scene(lab, watchdog, seconds)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open, protected long."""
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.fixture
def scene(lab: Lab) -> Scene:
    return scene_on(lab, PostgresHeartbeatStore(lab.database))


def test_it_has_a_heartbeat_of_its_own(scene: Scene) -> None:
    store = PostgresHeartbeatStore(scene.lab.database)
    scene.watchdog.look()
    assert [(one.component, one.detail) for one in store.beats()] == [("watchdog", "everything is looked after")]
    scene.lab.venue.strip_stop("BTCUSDT.BYBIT")
    scene.seconds.now = 5.0
    scene.watchdog.look()
    assert [one.detail for one in store.beats()] == ["BTCUSDT.BYBIT naked"]


def test_absent_processes_stop_entries_within_thirty_seconds(scene: Scene) -> None:
    scene.look_for(20)
    assert scene.lab.halts.halts() == []
    scene.look_for(10)
    assert [halt.kind for halt in scene.lab.halts.halts()] == [HaltKind.DEAD_MAN]


def test_a_breaker_that_is_set_while_it_looks_opens_at_its_next_look(scene: Scene) -> None:
    scene.lab.venue.equity = Decimal(9_700)
    scene.look_for(1)
    assert scene.lab.halts.halts() == []
    change = LimitChange("circuit.soft", "0", "0.02", True, "ann", "calmer", "request-1")
    PostgresLimitChanges(scene.lab.database).append([change], after=0)
    scene.lab.clock.advance(timedelta(seconds=1))
    scene.look_for(1)
    assert [halt.kind for halt in scene.lab.halts.halts()] == [HaltKind.CIRCUIT_SOFT]


def test_levels_rest_until_the_look_after_a_halt(database: Engine) -> None:
    lab = Lab(database)
    level = EntryLevel(Decimal(997), Decimal("0.3"), WAVE + timedelta(minutes=45))
    store_plan(database, replace(trade_plan(), levels=(level,)))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    scene = scene_on(lab, PostgresHeartbeatStore(database))
    scene.look_for(2)
    assert [one.side for one in lab.venue.open_orders()].count(Side.BUY) == 1
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT), "because", WAVE))
    scene.look_for(1)
    assert {one.side for one in lab.venue.open_orders()} == {Side.SELL}


def test_one_venues_outage_leaves_the_others_watched(scene: Scene) -> None:
    scene.lab.venue.faults["positions"] = [TemporaryVenueError("maintenance")] * 300
    scene.look_for(30)
    assert {halt.kind for halt in scene.lab.halts.halts()} == {HaltKind.START, HaltKind.DEAD_MAN}
    assert "unwatched: stops" in scene.lab.postbox.subjects(Severity.CRITICAL)


def test_without_the_database_positions_are_still_covered(lab: Lab) -> None:
    scene = scene_on(lab, UnreachableStore(PostgresHeartbeatStore(lab.database)))
    lab.venue.strip_stop("BTCUSDT.BYBIT")
    scene.look_for(2)
    assert lab.venue.positions()[0].stop_loss is not None


def test_blindness_is_told_once_and_its_end(lab: Lab) -> None:
    store = UnreachableStore(PostgresHeartbeatStore(lab.database))
    scene = scene_on(lab, store)
    scene.look_for(40)
    store.away = False
    store.beat("feed", "up")
    store.beat("worker-trading", "")
    scene.look_for(2)
    assert lab.postbox.subjects(Severity.CRITICAL) == ["unwatched: signs of life"]
    assert lab.postbox.subjects(Severity.INFO) == ["watched again: signs of life"]
