"""What tells a command where the system that runs in a state folder keeps its servers."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.settings import Settings

LOCK = "lock"
"""Held by the system that runs in the folder."""

_FILE = "running.json"
_ADDRESSES = ("database_url", "dagster_database_url", "redis_url")


def announce(settings: Settings, variables: Mapping[str, str], dagster_url: str) -> None:
    """Write down what the system made for itself; what it was given, a command is given, too.

    Passwords and keys out of the settings stay out of the file. Those of a simulated exchange are in it, for nobody
    else knows them.

    :param variables: of the processes of the system.
    :param dagster_url: address of the Dagster UI.
    """
    kept = {str(spec.alias): variables[str(spec.alias)] for spec in type(settings).model_fields.values()}
    for name, spec in type(settings).model_fields.items():
        value = getattr(settings, name)
        secret = isinstance(value, SecretStr) and value.get_secret_value()
        if secret or (name in _ADDRESSES and value):
            del kept[str(spec.alias)]
    others = {name: variables[name] for name in ("DAGSTER_HOME", "CELERY_BROKER_URL")}
    file = settings.state_dir / _FILE
    # Removed first, because O_EXCL below makes a file that nobody else could read at any moment.
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
        json.dump({**kept, **others, "TRADING_DAGSTER_URL": dagster_url}, writing, indent=1)


def withdraw(settings: Settings) -> None:
    """Take the announcement back."""
    (settings.state_dir / _FILE).unlink(missing_ok=True)


def settings_beside(settings: Settings) -> dict[str, str]:
    """The variables of a process that works beside a running system: those of its environment, then the system's.

    :param settings: of the environment and ``.env``; a database they name is the one that is meant.
    :raises ConfigurationError: they name none, and no system runs in their state folder.
    """
    if settings.database_url:
        return settings.variables()
    file = settings.state_dir / _FILE
    # A system that was killed leaves its announcement; the lock has gone with it.
    if not (file.is_file() and _is_held(settings.state_dir)):
        raise ConfigurationError(
            f"no system runs in {settings.state_dir} and DATABASE_URL is unset; start one with `trading-pipeline up`, "
            "name its folder with --state-dir, or set DATABASE_URL to its database"
        )
    announced: dict[str, str] = json.loads(file.read_text())
    return settings.variables() | announced


def _is_held(folder: Path) -> bool:
    """Whether the system that wrote there still runs: its lock ends with it, however it ends."""
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
