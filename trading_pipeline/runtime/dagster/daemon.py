"""The Dagster daemon with shorter pauses between its rounds, and with one run for a rectangle of the grid.

Dagster looks for sensors that are due every five seconds and at backfills every thirty, and leaves at least a second
between two ticks of a sensor. A wave that closes one second after the last would wait four, and a lock-step replay
would spend its time waiting. None of these is a setting, so this entry shortens them before the daemon starts; with
the stock ``dagster-daemon run`` everything still works, only later. See docs/decisions/0006.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset
from dagster._core.remote_representation.external import RemoteSensor
from dagster._core.scheduler.instigation import InstigatorState
from dagster._daemon import backfill, controller, sensor
from dagster._daemon.cli import run_command
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._grpc import server_watcher

from trading_pipeline.runtime.dagster.quiet_rounds import where_backfills_go_on, where_runs_wait
from trading_pipeline.runtime.dagster.rectangles import rectangle_or_ranges

SENSOR_PAUSE_S = 0.2
BACKFILL_PAUSE_S = 2
DEFINITIONS_S = 600
"""Between two readings of all definitions. A code server that was started again is noticed by its id meanwhile."""

CODE_SERVER_S = 3
"""Between two looks at that id; a tick that finds no server is asked again whatever the id."""

SHORTEST_INTERVAL_S = 1
"""Dagster's least interval of a sensor. One that asks for it waits within its tick, and may be asked again at once."""

FULL_ROUND_S = 3.0
"""What a sensor waits for at most that does not wait within its tick; their intervals are of ten seconds and more."""

_is_under_min_interval = sensor.is_under_min_interval


def run_daemon(workspace: str) -> None:
    """Run the daemon until it is told to stop.

    :param workspace: path of the workspace file.
    """
    for module, name, value in (
        (sensor, "MIN_INTERVAL_LOOP_TIME", SENSOR_PAUSE_S),
        (controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", BACKFILL_PAUSE_S),
        (controller, "RELOAD_WORKSPACE_INTERVAL", DEFINITIONS_S),
        (server_watcher, "WATCH_INTERVAL", CODE_SERVER_S),
        (sensor, "is_under_min_interval", rests),
        (DefaultPartitionsSubset, "get_partition_key_ranges", rectangle_or_ranges),
        (sensor, "execute_sensor_iteration", SparingRounds(sensor.execute_sensor_iteration)),
        (backfill, "execute_backfill_iteration", where_backfills_go_on(backfill.execute_backfill_iteration)),
        (QueuedRunCoordinatorDaemon, "run_iteration", where_runs_wait(QueuedRunCoordinatorDaemon.run_iteration)),
    ):
        getattr(module, name)  # a release that renames one of them must fail loudly, not run slowly
        setattr(module, name, value)
    # said at the first start of every instance, when there is nothing older to ignore
    logging.getLogger("dagster.daemon.EventLogConsumerDaemon").addFilter(
        lambda record: not record.getMessage().startswith("No cursor for event type")
    )
    run_command(["-w", workspace, "--log-level", "warning", "--log-format", "json"], standalone_mode=False)


class SparingRounds:
    """Dagster's round over all sensors, left out while every sensor that waits within its tick is still waiting.

    A round loads the state of every sensor, 2.6 ms: five times a second they were the most that a system did in which
    nothing happened. Meanwhile the end of a tick is waited for, so that the next begins without a pause.

    :param iterate: Dagster's own round.
    :param now: wall seconds that never run back.
    :param wait_s: for the end of a tick, in seconds; the daemon looks after each whether it is to end itself.
    """

    def __init__(
        self, iterate: Callable[..., Iterator[Any]], now: Callable[[], float] = time.monotonic, wait_s: float = 1.0
    ) -> None:
        self._iterate, self._now, self._wait_s = iterate, now, wait_s
        self._began = float("-inf")
        self._waiting: set[str] = set()

    def __call__(
        self, *arguments: Any, sensor_tick_futures: Mapping[str, "Future[Any]"], **named: Any
    ) -> Iterator[Any]:
        """Go round when a tick has ended since the last round, or three seconds have passed."""
        # A daemon that lost its database begins anew and knows of no tick any more: those are over, too.
        ticks = [sensor_tick_futures.get(name) for name in self._waiting]
        under_way = [tick for tick in ticks if tick is not None and not tick.done()]
        if len(under_way) == len(ticks) and self._now() - self._began < FULL_ROUND_S:
            wait(under_way, self._wait_s, FIRST_COMPLETED)
            return
        self._began = self._now()
        yield from self._iterate(*arguments, sensor_tick_futures=sensor_tick_futures, **named)
        self._waiting = {name for name, tick in sensor_tick_futures.items() if not tick.done()}


def rests(state: InstigatorState, remote_sensor: RemoteSensor, minimum_allowed_min_interval: int | None = None) -> bool:
    """Whether a sensor is not to be asked yet, by Dagster's rule for those that do not wait within their tick."""
    if remote_sensor.min_interval_seconds <= SHORTEST_INTERVAL_S:
        return False
    return _is_under_min_interval(state, remote_sensor, minimum_allowed_min_interval)
