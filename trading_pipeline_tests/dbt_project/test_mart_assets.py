"""The marts as assets: what a build, a damaged ledger and a check that is asked alone leave in Dagster."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.defs.accounting.assets import mart_assets
from trading_pipeline.resources.marts import Marts
from trading_pipeline_tests.dbt_project.conftest import PROJECT
from trading_pipeline_tests.dbt_project.ledger_rows import write_trades

Build = Callable[..., dg.ExecuteInProcessResult]
MODELS = sorted(key.to_user_string() for key in mart_assets.keys)
FLAT = dg.AssetCheckKey(dg.AssetKey("fct_closed_trades"), "assert_closed_positions_are_flat")


def builder(database_url: str, target: Path) -> Build:
    """Materialises the marts of a database in this process."""
    marts = Marts(project_dir=str(PROJECT), target_dir=str(target), database_url=database_url)

    def run(selection: dg.AssetSelection | None = None, *, complete: bool = True) -> dg.ExecuteInProcessResult:
        return dg.materialize([mart_assets], resources={"marts": marts}, selection=selection, raise_on_error=complete)

    return run


@pytest.fixture
def build(ledger: Engine, database_url: str, tmp_path: Path) -> Build:
    """For a ledger that a test damages first."""
    del ledger  # its rows are there before anything is built
    return builder(database_url, tmp_path / "dbt")


@dataclass(frozen=True)
class Sound:
    """A ledger that adds up, and its marts."""

    ledger: Engine
    build: Build
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def sound(module_database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    write_trades(module_database)
    url = module_database.url.render_as_string(hide_password=False)
    build = builder(url, tmp_path_factory.mktemp("sound") / "dbt")
    return Sound(module_database, build, build())


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def built(result: dg.ExecuteInProcessResult) -> list[str]:
    return sorted(one.asset_key.to_user_string() for one in result.asset_materializations_for_node("marts"))


def test_models_are_assets_and_data_tests_are_checks(sound: Sound) -> None:
    assert built(sound.result) == MODELS
    assert verdicts(sound.result) == {key.name: True for key in mart_assets.check_keys}
    (trades,) = sound.result.asset_materializations_for_node("marts")[-1:]
    assert trades.asset_key == dg.AssetKey("fct_closed_trades")
    assert trades.metadata["dagster/row_count"].value == 2


def test_the_columns_an_asset_shows_are_those_of_the_database(sound: Sound) -> None:
    query = text("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :model")
    for spec in mart_assets.specs:
        with sound.ledger.connect() as connection:
            stored = [tuple(row) for row in connection.execute(query, {"model": spec.key.to_user_string()})]
        shown = spec.metadata["dagster/column_schema"].columns
        assert sorted((column.name, column.type) for column in shown) == sorted(stored)
        assert all(column.description for column in shown)


def test_a_wrong_sum_turns_its_checks_red(build: Build, ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(text("DELETE FROM trading.fills WHERE execution_id = 'plan-short-1'"))
    result = build()
    assert built(result) == MODELS
    red = {name for name, passed in verdicts(result).items() if not passed}
    assert red == {"assert_closed_positions_are_flat", "assert_pnl_and_costs_equal_the_sum_over_fills"}


def test_a_check_is_asked_alone_and_builds_nothing(sound: Sound) -> None:
    result = sound.build(dg.AssetSelection.checks(FLAT))
    assert built(result) == []
    assert verdicts(result) == {FLAT.name: True}


def test_a_broken_model_fails_alone_by_name(build: Build, ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(text("ALTER TABLE trading.fills RENAME COLUMN fee TO charge"))
    result = build(complete=False)
    assert not result.success
    failure = result.failure_data_for_node("marts")
    assert failure is not None
    assert failure.error is not None
    assert "dbt did not build fct_closed_trades, stg_trading__fills" in str(failure.error)
    assert built(result) == ["stg_trading__order_intents", "stg_trading__positions", "stg_trading__trade_plans"]
