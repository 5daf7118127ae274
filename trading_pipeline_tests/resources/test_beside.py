"""Definitions that are served by hand find the system of the state folder and leave waves and orders to it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.running_system import announce
from trading_pipeline.runtime.supervision.state_folder import held
from trading_pipeline.settings import GivenSettings, foreign_variables

_SERVE = """
import json, os
from trading_pipeline.resources.beside import SENSORS, join_running_system
join_running_system()
print(json.dumps([os.environ["DATABASE_URL"], SENSORS.value, os.environ.get("DAGSTER_HOME", "")]))
"""


def served(folder: Path, **environment: str) -> list[str]:
    """Database, status of sensors and Dagster home of a process that serves the definitions."""
    given = {**foreign_variables(os.environ), "TRADING_STATE_DIR": str(folder), **environment}
    command = [sys.executable, "-c", _SERVE]
    told = subprocess.run(command, env=given, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    found: list[str] = json.loads(told.stdout)
    return found


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """A folder with the addresses of a system."""
    given = GivenSettings(state_dir=tmp_path)
    made = {"DATABASE_URL": "postgresql://embedded", "DAGSTER_HOME": "/home", "CELERY_BROKER_URL": "redis+socket:///x"}
    announce(given, {**given.variables(), **made}, "http://127.0.0.1:3000")
    return tmp_path


def test_beside_a_running_system_nothing_is_started(running: Path) -> None:
    with held(running):
        assert served(running, DAGSTER_IS_DEV_CLI="1") == ["postgresql://embedded", "STOPPED", ""]


def test_without_a_running_system_the_definitions_load_all_the_same(running: Path) -> None:
    assert served(running, DAGSTER_IS_DEV_CLI="1") == ["", "STOPPED", ""]


def test_a_process_of_a_system_keeps_what_it_was_told(running: Path) -> None:
    with held(running):
        told = served(running, DATABASE_URL="postgresql://told", DAGSTER_HOME="/told")
    assert told == ["postgresql://told", "RUNNING", "/told"]
