"""The exchange runs on what its extra installs, and on nothing else of the project's libraries."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import requests

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
SERVER_OF_ONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Nothing())
from trading_pipeline.cli.main import main
main()
"""


def name_of(requirement: str) -> str:
    """The distribution that a requirement names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def installed_with(names: set[str]) -> set[str]:
    """These distributions and all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [name_of(one) for one in required_by(name) if "extra ==" not in one]
    return found


def required_by(name: str) -> list[str]:
    """What a distribution requires; nothing where it is not needed on this machine and so not installed."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def modules_that_are_not_installed() -> set[str]:
    """Every module in this environment that `pip install trading-pipeline[exchange]` would not have brought."""
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["exchange"]
    present = installed_with({name_of(requirement) for requirement in wanted}) | {"trading-pipeline"}
    everything = packages_distributions().items()
    return {module for module, owners in everything if not present & {name_of(owner) for owner in owners}}


def test_what_it_does_without_is_what_the_rest_stands_on() -> None:
    assert {"dagster", "celery", "sqlalchemy", "redis", "alembic", "dbt", "numba", "talib"} < (
        modules_that_are_not_installed()
    )


@pytest.mark.parametrize("recorded", [False, True])
def test_it_serves_without_the_libraries_of_the_pipeline(tmp_path: Path, recorded: bool) -> None:
    rows = [f"{1735689600000 + 300_000 * number},100,101,99,100,5" for number in range(288 * 3)]
    (tmp_path / "BTCUSDT_5m.csv").write_text("open_time_ms,open,high,low,close,volume\n" + "\n".join(rows))
    code = f"BLOCKED = {modules_that_are_not_installed()!r}\n{SERVER_OF_ONE}"
    options = ["--symbols", "BTCUSDT", "--wall", "--state", str(tmp_path / "state")]
    command = [sys.executable, "-c", code, "exchange", *options, *(["--bars", str(tmp_path)] if recorded else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        url = f"{json.loads(line)['rest_url']}/v5/market/kline"
        asked = {"category": "linear", "symbol": "BTCUSDT", "interval": "60", "limit": "3"}
        assert len(requests.get(url, params=asked, timeout=10).json()["result"]["list"]) == 3
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0
