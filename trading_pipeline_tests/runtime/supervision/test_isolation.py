"""A replay, whatever stands in the environment and the ``.env`` of whoever starts it, reaches nothing of theirs."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from trading_pipeline.domain.model.identity import InstrumentId, TradingMode
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.supervision.processes import ProcessSpec, Supervised
from trading_pipeline.settings import Settings, foreign_variables

HOSTILE = {
    "TRADING_MODE": "live",
    "LIVE_TRADING_ACKNOWLEDGED": "12345",
    "DATABASE_URL": "postgresql+psycopg://theirs@10.0.0.1/trading",
    "DAGSTER_POSTGRES_URL": "postgresql+psycopg2://theirs@10.0.0.1/dagster",
    "REDIS_URL": "redis://10.0.0.1/0",
    "BYBIT_REST_URL": "https://api.bybit.com",
    "BYBIT_API_KEY": "their-key",
    "BYBIT_API_SECRET": "their-secret",
    "DAGSTER_HOME": "/their/dagster",
    "CELERY_BROKER_URL": "redis://10.0.0.1/1",
    "TRADING_DB_HOST": "10.0.0.1",
    "PGHOST": "10.0.0.1",
}
PLAN = ReplayPlan(
    None, 7, (InstrumentId("BTCUSDT.BYBIT"),), datetime(2025, 6, 2, tzinfo=UTC), 1, 60, 3000, Path("somewhere")
)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Somebody's shell, in the folder of their ``.env``."""
    for name, text in HOSTILE.items():
        monkeypatch.setenv(name, text)
    (tmp_path / ".env").write_text("".join(f"{name}={text}\n" for name, text in HOSTILE.items()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("hostile")
def test_a_replays_settings_are_its_own() -> None:
    assert Settings().mode is TradingMode.LIVE
    settings = PLAN.settings()
    assert settings.mode is TradingMode.SIMULATED
    assert (settings.database_url, settings.redis_url, settings.bybit_rest_url) == ("", "", "")
    assert settings.bybit_api_secret.get_secret_value() == ""


def test_a_child_process_sees_given_settings_alone(hostile: Path) -> None:
    log = hostile / "log"
    log.mkdir()
    program = "import json, os; from pathlib import Path; print(json.dumps([dict(os.environ), Path('.env').exists()]))"
    told = PLAN.settings().variables()
    process = Supervised(ProcessSpec("child", [sys.executable, "-c", program]), told, log)
    process.start()
    psutil.Process(process.pid).wait(20)
    environment, reads_a_file = json.loads((log / "child.log").read_text())
    assert not reads_a_file
    assert {name: environment.get(name) for name in told} == told
    assert not set(HOSTILE.values()) & set(environment.values())


def test_path_and_home_are_inherited() -> None:
    inherited = foreign_variables({"PATH": "/bin", "HOME": "/home/me", **HOSTILE})
    assert inherited == {"PATH": "/bin", "HOME": "/home/me"}
