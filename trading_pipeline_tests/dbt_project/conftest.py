"""The dbt command line on one test database, and a ledger with a few finished trades."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from trading_pipeline_tests.dbt_project.ledger_rows import write_trades

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
_DBT = str(Path(sys.executable).parent / "dbt")

Dbt = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def dbt(tmp_path: Path) -> Dbt:
    """Run dbt with everything it writes in ``tmp_path``; variables are added to its environment."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        project, target = str(PROJECT), str(tmp_path / "target")
        folders = ["--project-dir", project, "--profiles-dir", project, "--target-path", target]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRADING_", "DBT_"))}
        return subprocess.run(
            [_DBT, *arguments, *folders, "--log-path", str(tmp_path), "--no-use-colors"],
            env={**kept, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **variables},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture
def address(database_url: str) -> dict[str, str]:
    """What profiles.yml reads, for the test's own database."""
    url = make_url(database_url)
    return {
        "TRADING_DB_HOST": str(url.query["host"]),
        "TRADING_DB_USER": str(url.username),
        "TRADING_DB_NAME": str(url.database),
    }


@pytest.fixture
def ledger(database: Engine) -> Engine:
    """A database with two closed trades, an open one and a plan that never filled."""
    write_trades(database)
    return database
