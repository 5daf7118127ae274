import time
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


def test_a_waiting_sensor_is_asked_again_at_once() -> None:
    state = InstigatorState(
        NOWHERE,
        InstigatorType.SENSOR,
        InstigatorStatus.RUNNING,
        SensorInstigatorData(last_tick_timestamp=time.time()),
    )
    assert not daemon.rests(state, cast("RemoteSensor", SimpleNamespace(min_interval_seconds=1)))
    assert daemon.rests(state, cast("RemoteSensor", SimpleNamespace(min_interval_seconds=10)))
