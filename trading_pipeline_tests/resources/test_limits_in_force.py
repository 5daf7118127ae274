"""Runs decide by limits as people changed them, and never by half of two changes."""

from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.operations.limit_changes import PostgresLimitChanges
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.limit_changes import LimitChange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.changeable import CHANGEABLE, FIXED
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.server import running_venue
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline_tests.testkit.execution_lab import WAVE

CONFIG = Path("config")


def made(key: str, after: object, *, stands: bool = True) -> LimitChange:
    return LimitChange(key, None, after, stands, "ann", "calmer", "request-1")


@dg.op(out=dg.Out(int))
def positions_allowed(execution: ExecutionResource) -> int:
    """As the gate of the run is told."""
    return execution.context.limits.max_open_positions


@dg.job
def asking() -> None:
    """A run that asks."""
    positions_allowed()


def test_a_run_that_begins_after_a_change_decides_by_it(
    database_url: str, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = {"BTCUSDT": generate("BTCUSDT", seed=7)}
    configuration = Configuration(symbols=("BTCUSDT",), start=WAVE, lock_step=Timeframe.M15)
    with running_venue(assemble(configuration, series, WAVE, "test")) as addresses:
        for name in ("rest_url", "api_key", "api_secret"):
            monkeypatch.setenv(f"BYBIT_{name.upper()}", getattr(addresses, name))
        stores, parameters = Stores(database_url=database_url), Parameters(config_dir=str(CONFIG))
        resources = {"execution": ExecutionResource(stores=stores, parameters=parameters)}
        before = asking.execute_in_process(resources=resources).output_for_node("positions_allowed")
        PostgresLimitChanges(database).append([made("max_open_positions", 1)], after=0)
        after = asking.execute_in_process(resources=resources).output_for_node("positions_allowed")
    assert (before, after) == (3, 1)


def test_of_two_changes_judged_at_the_same_moment_one_is_refused(database: Engine) -> None:
    changes = PostgresLimitChanges(database)
    seen = changes.newest()
    changes.append([made("circuit.soft", "0.02")], seen)
    with pytest.raises(DataError, match="somebody changed a limit meanwhile"):
        changes.append([made("circuit.hard", "0.01")], seen)
    assert changes.values() == {"circuit.soft": "0.02"}


def test_a_file_that_does_not_go_with_what_was_changed_stops_entries_instead_of_dropping_either(
    database: Engine, tmp_path: Path
) -> None:
    written = (CONFIG / "risk.yaml").read_text(encoding="utf-8")
    (tmp_path / "risk.yaml").write_text(f"{written}\ncircuit: {{soft: 0.05}}\n", encoding="utf-8")
    PostgresLimitChanges(database).append([made("circuit.hard", "0.04")], after=0)
    with pytest.raises(ConfigurationError, match=r"risk.yaml under what was changed since: circuit .*must not exceed"):
        limits_in_force(database, tmp_path)


def test_each_limit_is_said_to_be_changeable_or_not() -> None:
    assert CHANGEABLE | FIXED.keys() == {"profile", *RiskLimits.__dataclass_fields__}
    assert not CHANGEABLE & FIXED.keys()
