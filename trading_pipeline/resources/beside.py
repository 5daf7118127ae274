"""Definitions that somebody serves by hand: ``dagster dev -w workspace.yaml`` beside a running system.

The processes of a system are told every address. One that is started by hand finds them here, before resources
are bound, and leaves waves and orders to the system: its sensors and schedules are off until somebody turns them on.
"""

import os

import dagster as dg

from trading_pipeline.adapters.parameters.running_system import settings_beside
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.settings import Settings

_ADDRESSES = ("DATABASE_URL", "REDIS_URL")

BY_HAND = bool(os.environ.get("DAGSTER_IS_DEV_CLI")) and not os.environ.get("DATABASE_URL")
"""Dagster sets the one variable for what it serves in development, a system sets the other for its processes."""

SENSORS = dg.DefaultSensorStatus.STOPPED if BY_HAND else dg.DefaultSensorStatus.RUNNING
SCHEDULES = dg.DefaultScheduleStatus.STOPPED if BY_HAND else dg.DefaultScheduleStatus.RUNNING


def join_running_system() -> None:
    """Take the addresses of the system in the state folder into the environment of this process.

    Without one the definitions load all the same, and the first run that needs the database says what is missing.
    """
    if BY_HAND:
        try:
            found = settings_beside(Settings())
        except ConfigurationError:
            found = {}
        # where Dagster keeps its own runs is decided by whoever typed the command
        os.environ.update(
            {name: value for name, value in found.items() if not name.startswith(("DAGSTER_", "CELERY_"))}
        )
    # Dagster refuses resources whose variable is missing; an empty one loads and fails where it is used.
    for name in _ADDRESSES:
        os.environ.setdefault(name, "")
