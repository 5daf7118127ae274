import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from inspect import signature
from types import SimpleNamespace
from typing import cast

import pytest
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.external import RemoteSensor
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon import controller, sensor
from dagster._grpc import server_watcher

from trading_pipeline.runtime.dagster import daemon

NOWHERE = RemoteInstigatorOrigin(
    RemoteRepositoryOrigin(InProcessCodeLocationOrigin(LoadableTargetOrigin()), "ours"), "sensor"
)


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        (sensor, "MIN_INTERVAL_LOOP_TIME", daemon.SENSOR_PAUSE_S),
        (controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", daemon.BACKFILL_PAUSE_S),
    ],
)
def test_the_installed_dagster_still_has_the_pauses_that_are_shortened(module: object, name: str, ours: float) -> None:
    assert ours < getattr(module, name)


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        (controller, "RELOAD_WORKSPACE_INTERVAL", daemon.DEFINITIONS_S),
        (server_watcher, "WATCH_INTERVAL", daemon.CODE_SERVER_S),
    ],
)
def test_the_installed_dagster_still_has_the_pauses_that_are_lengthened(module: object, name: str, ours: float) -> None:
    assert ours > getattr(module, name)


def test_a_waiting_sensor_is_asked_again_at_once() -> None:
    state = InstigatorState(
        NOWHERE,
        InstigatorType.SENSOR,
        InstigatorStatus.RUNNING,
        SensorInstigatorData(last_tick_timestamp=time.time()),
    )
    assert not daemon.rests(state, cast("RemoteSensor", SimpleNamespace(min_interval_seconds=1)))
    assert daemon.rests(state, cast("RemoteSensor", SimpleNamespace(min_interval_seconds=10)))


def test_a_round_is_made_when_a_tick_has_ended_or_three_seconds_have_passed() -> None:
    seconds, made = [0.0], list[float]()
    ticks = {"waits": Future[None](), "ended long ago": Future[None]()}
    ticks["ended long ago"].set_result(None)

    def round_of_dagster(sensor_tick_futures: dict[str, Future[None]]) -> Iterator[None]:
        assert sensor_tick_futures is ticks
        made.append(seconds[0])
        yield

    rounds = daemon.SparingRounds(round_of_dagster, lambda: seconds[0], wait_s=0.0)
    for seconds[0] in (0.0, 0.2, 1.0, 3.0, 3.2):
        list(rounds(sensor_tick_futures=ticks))
    assert made == [0.0, 3.0]
    ticks["waits"].set_result(None)
    seconds[0] = 3.4
    list(rounds(sensor_tick_futures=ticks))
    assert made == [0.0, 3.0, 3.4]


def test_the_end_of_a_tick_ends_the_wait_for_it() -> None:
    made, tick = list[str](), Future[None]()

    def round_of_dagster(*, sensor_tick_futures: dict[str, Future[None]]) -> Iterator[None]:
        made.append("a round")
        yield

    rounds = daemon.SparingRounds(round_of_dagster, lambda: 0.0, wait_s=600.0)
    list(rounds(sensor_tick_futures={"waits": tick}))
    threading.Timer(0.05, lambda: tick.set_result(None)).start()
    for _ in range(2):
        list(rounds(sensor_tick_futures={"waits": tick}))
    assert made == ["a round", "a round"]


def test_a_daemon_that_begins_anew_goes_round_at_once() -> None:
    made: list[dict[str, Future[None]]] = []

    def round_of_dagster(*, sensor_tick_futures: dict[str, Future[None]]) -> Iterator[None]:
        made.append(sensor_tick_futures)
        sensor_tick_futures["waits"] = Future()
        yield

    rounds = daemon.SparingRounds(round_of_dagster, lambda: 0.0, wait_s=0.0)
    before, after = dict[str, Future[None]](), dict[str, Future[None]]()
    for ticks in (before, before, after, after):
        list(rounds(sensor_tick_futures=ticks))
    assert made == [before, after]


def test_the_installed_dagster_goes_round_as_we_expect() -> None:
    names = signature(sensor.execute_sensor_iteration).parameters
    assert "sensor_tick_futures" in names
