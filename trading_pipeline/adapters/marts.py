"""The dbt project, run as a process of its own.

Importing dbt costs every process that loads the definitions 86 MB, see docs/decisions/0007.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from trading_pipeline.domain.model.errors import ConfigurationError

_PASSED = ("success", "pass", "no-op")


@dataclass(frozen=True, slots=True)
class MartsReport:
    """What one build did.

    :param built: models by name, with their status.
    :param failed_tests: data tests that found rows, or could not run, with dbt's message.
    """

    built: dict[str, str]
    failed_tests: dict[str, str]


def build_marts(project_dir: Path, target_dir: Path, database_url: str) -> MartsReport:
    """Build every model and run every data test.

    :param target_dir: where dbt writes what it compiled and its results.
    :raises ConfigurationError: dbt could not run at all; the message ends what it printed.
    """
    dbt = Path(sys.executable).with_name("dbt")
    project, target = str(project_dir), str(target_dir)
    command = [str(dbt), "build", "--project-dir", project, "--profiles-dir", project, "--target-path", target]
    results = target_dir / "run_results.json"
    results.unlink(missing_ok=True)
    ended = subprocess.run(
        [*command, "--log-path", target, "--no-use-colors"],
        env={**os.environ, **_address(database_url), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if not results.exists():
        said = (ended.stdout + ended.stderr).strip().splitlines()[-5:]
        raise ConfigurationError(f"dbt did not run in {project_dir}: {' '.join(said)}")
    return _report(json.loads(results.read_text())["results"])


def _report(results: list[dict[str, str]]) -> MartsReport:
    built, failed = {}, {}
    for result in results:
        kind, name = result["unique_id"].split(".")[0], result["unique_id"].split(".")[2]
        if kind == "model":
            built[name] = result["status"]
        elif result["status"] not in _PASSED:
            failed[name] = f"{result['status']}: {result['message']}"
    return MartsReport(built, failed)


def _address(database_url: str) -> dict[str, str]:
    """The five variables of profiles.yml; an embedded server's address is the folder of its socket."""
    url = make_url(database_url)
    host = url.host or url.query.get("host", "127.0.0.1")
    return {
        "TRADING_DB_HOST": str(host),
        "TRADING_DB_PORT": str(url.port or 5432),
        "TRADING_DB_USER": url.username or "postgres",
        "TRADING_DB_PASSWORD": url.password or "",
        "TRADING_DB_NAME": url.database or "trading",
    }
