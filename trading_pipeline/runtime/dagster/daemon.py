"""The Dagster daemon with shorter pauses between its rounds.

Dagster starts sensor ticks at least five seconds apart and looks at backfills every thirty. A wave
that closes one second after the last would wait four, and a lock-step replay would spend its time
waiting. Neither pause is a setting, so this entry shortens both before the daemon starts; with the
stock ``dagster-daemon run`` everything still works, only later. See docs/decisions/0006.
"""

import logging

from dagster._daemon import controller, sensor
from dagster._daemon.cli import run_command

SENSOR_PAUSE_S = 0.2
BACKFILL_PAUSE_S = 2


def run_daemon(workspace: str) -> None:
    """Run the daemon until it is told to stop.

    :param workspace: path of the workspace file.
    """
    for module, name, value in (
        (sensor, "MIN_INTERVAL_LOOP_TIME", SENSOR_PAUSE_S),
        (controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", BACKFILL_PAUSE_S),
    ):
        getattr(module, name)  # a release that renames the constant must fail loudly, not run slowly
        setattr(module, name, value)
    # said at the first start of every instance, when there is nothing older to ignore
    logging.getLogger("dagster.daemon.EventLogConsumerDaemon").addFilter(
        lambda record: not record.getMessage().startswith("No cursor for event type")
    )
    run_command(["-w", workspace, "--log-level", "warning", "--log-format", "json"], standalone_mode=False)
