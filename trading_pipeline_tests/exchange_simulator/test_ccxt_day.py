"""Unmodified ccxt and ccxt.pro, installed for the occasion, trade a virtual day and their books are the wallet."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ccxt_day.py"
INSTALL_S, DAY_S = 180, 180
"""The longest that installing and a day may take."""


@pytest.fixture(scope="module")
def with_ccxt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has ccxt and nothing else of ours: a hundred megabytes that no other test needs."""
    environment = tmp_path_factory.mktemp("ccxt")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=INSTALL_S)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ccxt>=4.5"]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if installed.returncode:
        pytest.skip(f"ccxt cannot be installed here: {installed.stderr[-300:]}")
    return python


@pytest.mark.proof
@pytest.mark.timeout(INSTALL_S + DAY_S + 60)
def test_the_books_of_ccxt_and_ccxt_pro_over_a_virtual_day_are_the_wallet(with_ccxt: Path) -> None:
    command = [sys.executable, BENCHMARK, "--ccxt", with_ccxt]
    day = subprocess.run(command, capture_output=True, text=True, timeout=DAY_S, check=False)
    assert day.returncode == 0, day.stdout + day.stderr
    assert day.stdout.count("difference") == 2, "both REST and the private stream were compared"
