"""The Dagster daemon with shorter pauses between its rounds, and with one run for a rectangle of the grid.

Dagster looks for sensors that are due every five seconds and at backfills every thirty, and leaves at least a second
between two ticks of a sensor. A wave that closes one second after the last would wait four, and a lock-step replay
would spend its time waiting. None of these is a setting, so this entry shortens them before the daemon starts; with
the stock ``dagster-daemon run`` everything still works, only later. See docs/decisions/0006.
"""

import logging

from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset
from dagster._core.remote_representation.external import RemoteSensor
from dagster._core.scheduler.instigation import InstigatorState
from dagster._daemon import controller, sensor
from dagster._daemon.cli import run_command

from trading_pipeline.runtime.dagster.rectangles import rectangle_or_ranges

SENSOR_PAUSE_S = 0.2
BACKFILL_PAUSE_S = 2
SHORTEST_INTERVAL_S = 1
"""Dagster's least interval of a sensor. One that asks for it waits within its tick, and may be asked again at once."""

_is_under_min_interval = sensor.is_under_min_interval


def run_daemon(workspace: str) -> None:
    """Run the daemon until it is told to stop.

    :param workspace: path of the workspace file.
    """
    for module, name, value in (
        (sensor, "MIN_INTERVAL_LOOP_TIME", SENSOR_PAUSE_S),
        (controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", BACKFILL_PAUSE_S),
        (sensor, "is_under_min_interval", rests),
        (DefaultPartitionsSubset, "get_partition_key_ranges", rectangle_or_ranges),
    ):
        getattr(module, name)  # a release that renames one of them must fail loudly, not run slowly
        setattr(module, name, value)
    # said at the first start of every instance, when there is nothing older to ignore
    logging.getLogger("dagster.daemon.EventLogConsumerDaemon").addFilter(
        lambda record: not record.getMessage().startswith("No cursor for event type")
    )
    run_command(["-w", workspace, "--log-level", "warning", "--log-format", "json"], standalone_mode=False)


def rests(state: InstigatorState, remote_sensor: RemoteSensor, minimum_allowed_min_interval: int | None = None) -> bool:
    """Whether a sensor is not to be asked yet, by Dagster's rule for those that do not wait within their tick."""
    if remote_sensor.min_interval_seconds <= SHORTEST_INTERVAL_S:
        return False
    return _is_under_min_interval(state, remote_sensor, minimum_allowed_min_interval)
