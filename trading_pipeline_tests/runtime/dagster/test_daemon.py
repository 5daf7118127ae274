import pytest
from dagster._daemon import controller, sensor

from trading_pipeline.runtime.dagster import daemon


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        (sensor, "MIN_INTERVAL_LOOP_TIME", daemon.SENSOR_PAUSE_S),
        (controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", daemon.BACKFILL_PAUSE_S),
    ],
)
def test_the_installed_dagster_still_has_the_pauses_that_are_shortened(module: object, name: str, ours: float) -> None:
    assert ours < getattr(module, name)
