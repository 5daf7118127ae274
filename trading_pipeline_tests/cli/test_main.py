import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from trading_pipeline.cli.main import EXIT_REFUSED
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline_tests.adapters.venues.simulator import simulator
from trading_pipeline_tests.cli.commands import Refusal

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_MS, NEXT_MS = 1_735_689_600_000, 1_735_689_900_000
GOOD_ROW = f"{FIRST_MS},10,11,9,10,1"
UNREACHABLE = "postgresql://trader:secret@127.0.0.1:1/trading"


@pytest.fixture
def demo(refusal: Refusal) -> Refusal:
    """A demo's."""
    return partial(refusal, "demo", "--port", str(free_port()), "--state-dir", "state")


def test_a_refusal_is_one_line_with_exit_code(tmp_path: Path) -> None:
    """Like every case of this file, by the process that people start."""
    environment = {**os.environ, "DATABASE_URL": "somewhere"}
    command = [sys.executable, "-m", "trading_pipeline.cli.main", "migrate"]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == EXIT_REFUSED
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("trading-pipeline: DATABASE_URL is no address like postgresql://")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--symbols", ","], "--symbol names no symbol"),
        (["--symbols", "btcusdt"], "--symbol btcusdt: no symbol"),
        (["--symbols", "SOLUSDT,BTC-PERP"], "symbol 'BTC-PERP' is not tradable here"),
        (["--symbols", "BTCUSDT,BTCUSDT"], "BTCUSDT is given twice"),
        (["--from", "2025-13-01"], "--from 2025-13-01: not a day; write it like 2025-11-01"),
        (["--from", "2099-01-01"], "after today; start it earlier"),
        (["--bars", "none"], "--bars none: no such folder"),
        (["--port", "99999"], "--port 99999: not between 0 and 65535"),
    ],
)
def test_a_wrong_argument_of_the_demo_is_named(
    tmp_path: Path, demo: Refusal, arguments: list[str], problem: str
) -> None:
    assert problem in demo(*arguments)
    assert not list(tmp_path.rglob("postgres"))


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("strategies/ema_atr.yaml", "strategy: ema_atr", "strategy: ema_art", "ema_art"),
        ("strategies/ema_atr.yaml", "timeframes: [15m,", "timeframes: [7m,", "7m"),
        ("universe.yaml", "timeframes: [15m,", "timeframes: [15min,", "15min"),
        ("risk.yaml", "max_leverage: 5", "max_leverage: many", "max_leverage"),
    ],
    ids=["strategy", "timeframe of a strategy", "timeframe", "limit"],
)
def test_a_wrong_configuration_is_named_with_its_file(
    tmp_path: Path, refusal: Refusal, file: str, old: str, new: str, problem: str
) -> None:
    config = tmp_path / "config"
    shutil.copytree(REPOSITORY / "config", config)
    (config / file).write_text((config / file).read_text().replace(old, new))
    port = str(free_port())
    line = refusal("up", "--port", port, TRADING_CONFIG_DIR=str(config), TRADING_STATE_DIR="state")
    assert file in line
    assert problem in line
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([f"{FIRST_MS},10,9,11,10,1"], "BTCUSDT_5m.csv: row 1: high is below low"),
        ([f"{NEXT_MS},10,11,9,10,1", GOOD_ROW], "BTCUSDT_5m.csv: row 2: open time is before the row above"),
        ([f"{FIRST_MS},ten,11,9,10,1"], "BTCUSDT_5m.csv: row 1: open 'ten' is no number"),
        ([GOOD_ROW, f"{NEXT_MS * 1000},10,11,9,10,1"], "row 2: open_time_ms 1735689900000000 is in microseconds"),
        ([f"{GOOD_ROW},100"], "BTCUSDT_5m.csv: rows have 7 fields and the header 6"),
    ],
)
def test_a_bad_row_of_recorded_bars_is_named(tmp_path: Path, refusal: Refusal, rows: list[str], problem: str) -> None:
    bars = tmp_path / "bars"
    bars.mkdir()
    (bars / "BTCUSDT_5m.csv").write_text("\n".join(["open_time_ms,open,high,low,close,volume", *rows]) + "\n")
    line = refusal("exchange", "--bars", str(bars), "--symbols", "BTCUSDT")
    assert problem in line


def test_a_file_that_is_no_recording_is_named(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "BTCUSDT_5m.csv.gz").write_bytes(b"not compressed")
    assert "BTCUSDT_5m.csv.gz" in refusal("exchange", "--bars", str(tmp_path), "--symbols", "BTCUSDT")


def test_a_taken_port_is_named_and_the_state_is_left_alone(tmp_path: Path, refusal: Refusal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal("demo", "--port", str(port), "--state-dir", "state")
    assert f"port {port} is in use; choose another with --port" in line
    assert not (tmp_path / "state").exists()


def test_a_folder_with_other_content_is_not_emptied(tmp_path: Path, demo: Refusal) -> None:
    (tmp_path / "state" / "config").mkdir(parents=True)
    (tmp_path / "state" / "thesis.txt").write_text("years of work")
    assert "holds something else" in demo()
    assert (tmp_path / "state" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "environment", "problem"),
    [
        (["migrate"], {"DATABASE_URL": UNREACHABLE}, "trader:***@127.0.0.1:1/trading cannot be reached"),
        (["migrate"], {"DATABASE_URL": "somewhere"}, "DATABASE_URL is no address like postgresql://"),
        (["migrate"], {"DATABASE_URL": "mysql://a@b/c"}, "DATABASE_URL is no address like postgresql://"),
        (["migrate"], {}, "DATABASE_URL is unset"),
        (["migrate"], {"TRADING_MODE": "practice"}, "TRADING_MODE = 'practice'"),
        (["worker", "--queue", "trading"], {}, "DAGSTER_HOME is unset"),
        (["worker", "--queue", "trading"], {"DAGSTER_HOME": "/tmp"}, "REDIS_URL is unset"),
        (["daemon"], {}, "DAGSTER_HOME is unset"),
        (["feed"], {}, "BYBIT_REST_URL is ''"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(
    refusal: Refusal, arguments: list[str], environment: dict[str, str], problem: str
) -> None:
    line = refusal(*arguments, **environment)
    assert problem in line
    assert "secret" not in line


def test_a_redis_that_does_not_answer_is_named(refusal: Refusal, database_url: str) -> None:
    settings = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0", "TRADING_STATE_DIR": "state"}
    line = refusal("up", "--port", str(free_port()), **settings)
    assert "Redis at 127.0.0.1:1 cannot be reached" in line


def test_a_wrong_key_is_named_and_not_shown(refusal: Refusal, database_url: str, redis_url: str) -> None:
    with simulator() as exchange:
        environment = {**exchange.environment(), "BYBIT_API_SECRET": "not-the-secret"}
        line = refusal("feed", DATABASE_URL=database_url, REDIS_URL=redis_url, **environment)
    assert "BYBIT_API" in line
    assert "not-the-secret" not in line
