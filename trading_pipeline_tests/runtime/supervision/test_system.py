"""What a system that brings its own exchange tells it."""

from datetime import UTC, datetime
from pathlib import Path

from trading_pipeline.runtime.supervision.system import (
    ExchangeAccess,
    account_variables,
    paper_exchange,
    simulated_exchange,
)
from trading_pipeline.settings import GivenSettings

CONFIG = Path(__file__).parents[3] / "config"


def test_the_simulated_account_lives_beside_its_database(tmp_path: Path) -> None:
    arguments = simulated_exchange(CONFIG, tmp_path, datetime(2025, 11, 1, tzinfo=UTC))
    assert arguments[arguments.index("--state") + 1] == str(tmp_path / "exchange.sqlite")
    assert arguments[arguments.index("--start") + 1] == "2025-11-01T00:00:00+00:00"


def test_a_paper_account_lives_on_the_prices_of_the_real_venue(tmp_path: Path) -> None:
    given = {"TRADING_MODE": "paper", "TRADING_CONFIG_DIR": str(CONFIG), "TRADING_STATE_DIR": str(tmp_path)}
    arguments = paper_exchange(GivenSettings.model_validate(given))
    told = {name: arguments[arguments.index(name) + 1] for name in ("--live", "--live-ws", "--state")}
    assert told == {
        "--live": "https://api.bybit.com",
        "--live-ws": "wss://stream.bybit.com/v5/public/linear",
        "--state": str(tmp_path / "paper.sqlite"),
    }
    assert "--wall" in arguments


def test_paper_takes_the_account_alone_from_the_exchange() -> None:
    access = ExchangeAccess("http://account", "ws://account/public", "ws://account/private", "key", "secret")
    found = account_variables(access, GivenSettings.model_validate({"TRADING_MODE": "paper"}))
    assert (found["BYBIT_REST_URL"], found["BYBIT_PUBLIC_WS_URL"]) == ("http://account", "")
    simulated = account_variables(access, GivenSettings.model_validate({}))
    assert simulated["BYBIT_PUBLIC_WS_URL"] == "ws://account/public"
