"""The direction of imports, and that the tool which holds it notices a breach."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from trading_pipeline_tests.architecture.source_tree import PACKAGE, ROOT

_LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

# one breach per contract, each in a module of its own
BREACHES = {
    "services/wrong.py": "from trading_pipeline.adapters.stores import tables",
    "domain/model/wrong.py": "from trading_pipeline.domain.indicators import pivots",
    "adapters/wrong.py": "import dagster",
    "ports/wrong.py": "import os",
    "settings.py": "from trading_pipeline.domain.indicators import pivots",
    "exchange_simulator/wrong.py": "from trading_pipeline.adapters.venues.bybit import parse",
    "resources/wrong.py": "from trading_pipeline import exchange_simulator",
    "services/prediction_markets/__init__.py": "from trading_pipeline.services.execution import submit_order",
    "ports/stores/research/wrong.py": "from trading_pipeline.ports.stores.execution import ledger",
    "services/research/wrong.py": "from trading_pipeline.ports.venue import trading",
    "api/wrong.py": "import dagster",
    "api/routers/wrong.py": "import sqlalchemy",
    "adapters/venues/wrong/__init__.py": "from trading_pipeline.adapters.venues.bybit import parse",
}


def _lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [_LINT_IMPORTS, "--config", ROOT / ".importlinter", "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _verdicts(output: str) -> dict[str, str]:
    lines = re.findall(r"^(.+) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?$", output, re.MULTILINE)
    return dict(lines)


def test_imports_point_downwards() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_every_contract_notices_its_breach(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, breach in BREACHES.items():
        module = tmp_path / PACKAGE.name / name
        module.parent.mkdir(exist_ok=True)
        with module.open("a") as file:
            file.write(f"{breach}\n")
    verdicts = _verdicts(_lint(tmp_path).stdout)
    assert len(verdicts) == len(BREACHES)
    assert set(verdicts.values()) == {"BROKEN"}


def test_a_package_without_a_place_in_the_layers_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / PACKAGE.name / "newcomer.py").touch()
    result = _lint(tmp_path)
    assert result.returncode == 1
    assert "newcomer" in result.stdout
