import shutil
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.runtime.supervision.subprocess_tasks import book_timeframes, check_parameters, prepare_databases

CONFIG = Path(__file__).resolve().parents[3] / "config"


def test_missing_databases_are_created_and_the_schema_is_there(postgres: EmbeddedPostgres) -> None:
    trading, dagster = f"trading_{uuid.uuid4().hex[:8]}", f"dagster_{uuid.uuid4().hex[:8]}"
    url = postgres.url(trading, "psycopg")
    for _ in ("first start", "next start"):
        prepare_databases(url, postgres.url(dagster, "psycopg2"))
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trading.alembic_version")).scalar() == 1
        found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": dagster})
        assert found.scalar() == 1
    engine.dispose()


def test_an_unreachable_server_is_told_without_its_password() -> None:
    url = make_url("postgresql+psycopg://trader:hunter2@127.0.0.1:1/trading").render_as_string(hide_password=False)
    with pytest.raises(ConfigurationError, match=r"^database .*trader:\*\*\*@127.0.0.1:1/trading cannot be") as caught:
        prepare_databases(url, url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_parameters_that_come_with_the_project_pass() -> None:
    check_parameters(CONFIG)


def test_the_configuration_that_comes_with_the_project_needs_no_book() -> None:
    assert book_timeframes(CONFIG) == {}


def test_a_strategy_needing_the_book_names_its_symbols(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    path = tmp_path / "config" / "strategies" / "avi5.yaml"
    content = path.read_text().replace("enabled: false", "enabled: true\nsymbols: [BTCUSDT]")
    path.write_text(content.replace("confirm_book: false", "confirm_book: true").replace("[5m]", "[15m]"))
    assert book_timeframes(tmp_path / "config") == {"BTCUSDT.BYBIT": {Timeframe.M15}}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("universe.yaml", "venue: nasdaq", "universe.yaml: "),
        ("risk.yaml", "risk_per_trade: 2", "risk.yaml: "),
        ("strategies/ema_atr.yaml", "strategy: ema_art", "ema_atr.yaml: "),
        ("strategies/own.py", "raise RuntimeError('own mistake')", "RuntimeError: own mistake"),
    ],
)
def test_a_mistake_is_passed_on_in_one_line(tmp_path: Path, file: str, content: str, message: str) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    (tmp_path / "config" / file).write_text(content)
    own = (CONFIG / "strategies" / "ema_atr.yaml").read_text().replace("strategy: ema_atr", "strategy: own")
    if file.endswith(".py"):
        (tmp_path / "config" / "strategies" / "own.yaml").write_text(own)
    with pytest.raises(ConfigurationError, match=f"^.*{message}") as caught:
        check_parameters(tmp_path / "config")
    assert "\n" not in str(caught.value)
