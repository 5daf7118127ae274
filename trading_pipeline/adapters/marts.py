"""The dbt project, run as a process of its own.

Importing dbt costs every process that loads the definitions 86 MB, see docs/decisions/0007.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from trading_pipeline.domain.model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of a model or a test.

    :param status: dbt's word: ``success``, ``pass``, ``fail``, ``error``, ``skipped``, ...
    :param message: dbt's sentence, empty where it has none.
    :param rows: rows of a table that was built, rows that a test found; ``None`` where dbt does not say.
    """

    status: str
    message: str
    rows: int | None

    @property
    def good(self) -> bool:
        """Built, or passed."""
        return self.status in ("success", "pass", "no-op")


@dataclass(frozen=True, slots=True)
class MartsReport:
    """What one build did: models and tests by name."""

    models: dict[str, NodeResult]
    tests: dict[str, NodeResult]


def build_marts(project_dir: Path, target_dir: Path, database_url: str, names: Sequence[str]) -> MartsReport:
    """Build these models and run these tests, each in its place among the others.

    :param target_dir: where dbt writes what it compiled and its results.
    :param names: of models and of tests; nothing else is touched.
    :raises ConfigurationError: dbt could not run at all; the message ends what it printed.
    """
    dbt = Path(sys.executable).with_name("dbt")
    project, target = str(project_dir), str(target_dir)
    command = [str(dbt), "build", "--project-dir", project, "--profiles-dir", project, "--target-path", target]
    results = target_dir / "run_results.json"
    # What an earlier build left must not pass for this one's result.
    results.unlink(missing_ok=True)
    ended = subprocess.run(
        [*command, "--log-path", target, "--no-use-colors", "--indirect-selection", "empty", "--select", *names],
        env={**os.environ, **_address(database_url), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if not results.exists():
        said = (ended.stdout + ended.stderr).strip().splitlines()[-5:]
        raise ConfigurationError(f"dbt did not run in {project_dir}: {' '.join(said)}")
    return _report(json.loads(results.read_text())["results"])


def _report(results: list[dict[str, Any]]) -> MartsReport:
    report = MartsReport({}, {})
    for result in results:
        # unique ids read model.<project>.<name> and test.<project>.<name>[.<hash>]
        kind, _, name = result["unique_id"].split(".")[:3]
        if kind == "model":
            rows = result["adapter_response"].get("rows_affected")
            # The driver says -1 where a statement counts no rows.
            report.models[name] = NodeResult(result["status"], result["message"] or "", rows if rows != -1 else None)
        else:
            report.tests[name] = NodeResult(result["status"], result["message"] or "", result["failures"])
    return report


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
