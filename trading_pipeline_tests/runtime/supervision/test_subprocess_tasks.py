import shutil
import uuid
from pathlib import Path

import pyotp
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text

from trading_pipeline.adapters.access.totp_codes import TotpCodes
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.runtime.supervision.subprocess_tasks import book_timeframes, check_parameters, prepare_databases
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.testkit.access_lab import KEY, AccessLab

CONFIG = Path(__file__).resolve().parents[3] / "config"


def test_missing_databases_are_created_and_the_schema_is_there(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    trading, dagster = f"trading_{uuid.uuid4().hex[:8]}", f"dagster_{uuid.uuid4().hex[:8]}"
    url = postgres.url(trading, "psycopg")
    for _ in ("first start", "next start"):
        prepare_databases(url, postgres.url(dagster, "psycopg2"), GivenSettings(state_dir=tmp_path))
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trading.alembic_version")).scalar() == 1
        found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": dagster})
        assert found.scalar() == 1
    engine.dispose()


def test_an_unreachable_server_is_told_without_its_password(tmp_path: Path) -> None:
    url = make_url("postgresql+psycopg://trader:hunter2@127.0.0.1:1/trading").render_as_string(hide_password=False)
    with pytest.raises(ConfigurationError, match=r"^database .*trader:\*\*\*@127.0.0.1:1/trading cannot be") as caught:
        prepare_databases(url, url, GivenSettings(state_dir=tmp_path))
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


def test_every_start_seals_second_factors_that_stand_in_the_clear_and_none_goes_on_without_the_key(
    database: Engine, database_url: str, tmp_path: Path
) -> None:
    lab = AccessLab(database)
    lab.add()
    with database.begin() as connection:
        connection.execute(text("UPDATE trading.users SET totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'"))
    dagster = make_url(database_url).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    live = GivenSettings.model_validate({"mode": "live", "state_dir": tmp_path})
    with pytest.raises(ConfigurationError, match="TRADING_TOTP_KEY is unset"):
        prepare_databases(database_url, dagster, live)
    told = prepare_databases(database_url, dagster, live.model_copy(update={"totp_key": SecretStr(KEY)}))
    assert told == "1 second factors are sealed by the newest key now"
    with database.connect() as connection:
        kept = str(connection.execute(text("SELECT totp_secret FROM trading.users")).scalar_one())
    assert pyotp.parse_uri(TotpCodes([KEY]).enrolment_uri(kept, "ann")).secret == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
