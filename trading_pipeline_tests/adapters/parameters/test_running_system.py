"""A command finds the system of a state folder, and nothing that it was not meant to find."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.running_system import announce, settings_beside, withdraw
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.state_folder import held
from trading_pipeline.settings import GivenSettings

UI = "http://127.0.0.1:3000"


def settings(folder: Path, **values: str) -> GivenSettings:
    return GivenSettings(state_dir=folder, **values)


def of_processes(given: GivenSettings, **made: str) -> Mapping[str, str]:
    """What the system's processes are told: the settings, and what it made where they gave nothing."""
    return {**given.variables(), "DAGSTER_HOME": "/home", "CELERY_BROKER_URL": "redis+socket:///x", **made}


def test_what_the_system_made_is_found_by_who_works_beside_it(tmp_path: Path) -> None:
    given = settings(tmp_path)
    with held(tmp_path):
        announce(given, of_processes(given, DATABASE_URL="postgresql://embedded", BYBIT_API_KEY="SIM1"), UI)
        found = settings_beside(settings(tmp_path))
    assert (found["DATABASE_URL"], found["BYBIT_API_KEY"]) == ("postgresql://embedded", "SIM1")
    assert (found["TRADING_DAGSTER_URL"], found["DAGSTER_HOME"]) == (UI, "/home")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    given = settings(tmp_path)
    (tmp_path / "running.json").write_text("left behind")
    (tmp_path / "running.json").chmod(0o644)
    announce(given, of_processes(given), UI)
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600


def test_keys_and_passwords_out_of_the_settings_are_not_written(tmp_path: Path) -> None:
    secrets = {"bybit_api_key": "k3y", "bybit_api_secret": "s3cret", "redis_url": "redis://:p4ss@host/0"}
    given = settings(tmp_path, database_url="postgresql://user:pa55@host/trading", **secrets)
    announce(given, of_processes(given), UI)
    written = (tmp_path / "running.json").read_text()
    assert not [secret for secret in ("k3y", "s3cret", "p4ss", "pa55") if secret in written]


def test_a_database_of_the_environment_is_the_one_that_is_meant(tmp_path: Path) -> None:
    found = settings_beside(settings(tmp_path, database_url="postgresql://elsewhere"))
    assert found["DATABASE_URL"] == "postgresql://elsewhere"


def test_a_system_that_died_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    given = settings(tmp_path)
    announce(given, of_processes(given), UI)
    with pytest.raises(ConfigurationError, match=r"no system runs in .*trading-pipeline up"):
        settings_beside(given)


def test_a_system_that_ended_leaves_no_address(tmp_path: Path) -> None:
    given = settings(tmp_path)
    announce(given, of_processes(given), UI)
    withdraw(given)
    withdraw(given)
    assert list(tmp_path.iterdir()) == []
