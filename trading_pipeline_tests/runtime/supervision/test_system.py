"""What a system that brings its own exchange tells it."""

from datetime import UTC, datetime
from pathlib import Path

import typer

from trading_pipeline.cli.main import app
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.system import (
    ExchangeAccess,
    account_variables,
    api_specs,
    control_specs,
    execution_specs,
    paper_exchange,
    simulated_exchange,
    ui_address,
    watchdog_spec,
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


def test_every_process_of_ours_is_a_command_with_options_that_it_has(tmp_path: Path) -> None:
    settings = GivenSettings.model_validate({"TRADING_STATE_DIR": str(tmp_path)})
    state = SystemState(settings)
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    seen = set()
    for spec in (*execution_specs(state), *control_specs(state, 3000), *api_specs(settings), watchdog_spec()):
        _, _, module, *words = spec.command
        if module != "trading_pipeline.cli.main":
            continue
        seen.add(spec.name)
        known = {option for parameter in group.commands[words[0]].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, spec.name
    assert {"webserver", "daemon", "api", "feed"} <= seen


def test_an_api_at_port_0_is_none_and_the_ui_is_where_the_door_leads() -> None:
    assert api_specs(GivenSettings.model_validate({"TRADING_API_PORT": "0"})) == []
    assert ui_address(3000) == "http://127.0.0.1:3000/dagster"
