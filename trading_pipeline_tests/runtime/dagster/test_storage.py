"""The Dagster instance on a real PostgreSQL."""

import time
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from sqlalchemy import create_engine, event, text

from trading_pipeline.adapters.stores.postgres.database import connect, ensure_database
from trading_pipeline.runtime.dagster.storage import create_tables
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres

_KEPT = 4


@pytest.fixture
def home(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home with the storage that the system ships."""
    ensure_database(postgres.url("pooled", "psycopg"))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres.url("pooled", "psycopg2"))
    create_tables(postgres.url("pooled", "psycopg2"))
    shipped = yaml.safe_load((Path(__file__).parents[3] / "trading_pipeline/runtime/dagster/dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": shipped["storage"], "telemetry": {"enabled": False}})
    )
    return tmp_path


@dg.op
def nothing() -> None:
    """A step like any other."""


@dg.job(executor_def=dg.in_process_executor)
def ten_steps() -> None:
    """Some eighty events."""
    for number in range(10):
        nothing.alias(f"step_{number}")()


def test_runs_and_instances_of_a_process_share_their_connections(home: Path, postgres: EmbeddedPostgres) -> None:
    ever = "SELECT sessions FROM pg_stat_database WHERE datname = 'pooled'"
    before = _asked(postgres, ever)
    for _ in range(10):
        with dg.DagsterInstance.from_config(str(home)) as instance:
            ten_steps.execute_in_process(instance=instance)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled'"
    assert _asked(postgres, sessions) <= _KEPT
    assert _asked(postgres, ever) - before <= _KEPT


def test_its_statements_do_not_wait_for_the_disk_and_ours_do(home: Path, postgres: EmbeddedPostgres) -> None:
    asked = text("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'")
    ours = connect(postgres.url("pooled", "psycopg"))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for storage in (instance.event_log_storage.index_connection, instance.run_storage.connect):
            with storage() as connection:
                assert connection.execute(asked).scalar() == "client"
    with ours.connect() as connection:
        assert connection.execute(asked).scalar() != "client"
    ours.dispose()


def a_state(sensor: str, cursor: str = "") -> InstigatorState:
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(InProcessCodeLocationOrigin(LoadableTargetOrigin()), "ours"), sensor
    )
    data = SensorInstigatorData(cursor=cursor)
    return InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)


def cursor_of(instance: dg.DagsterInstance, state: InstigatorState) -> str | None:
    found = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    assert found is not None
    assert isinstance(found.instigator_data, SensorInstigatorData)
    return found.instigator_data.cursor


def test_a_sensors_state_is_kept_by_one_statement_and_read_by_another(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_instigator_state(a_state("ours", "one"))
        assert cursor_of(instance, a_state("ours")) == "one"
        said = list[str]()
        with instance.schedule_storage.connect() as connection:  # type: ignore[union-attr]
            event.listen(connection.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
        instance.update_instigator_state(a_state("ours", "two"))
        assert cursor_of(instance, a_state("ours")) == "two"
    assert [one.split()[0] for one in said] == ["UPDATE", "SELECT"]


def test_a_sensor_without_a_state_is_refused_as_by_dagster(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance, pytest.raises(DagsterInvariantViolationError):
        instance.update_instigator_state(a_state("never added"))


def test_old_ticks_are_deleted_now_and_then_and_not_after_every_tick(home: Path) -> None:
    def a_tick_of_1970() -> None:
        instance.create_tick(
            TickData("its origin", "sensor", InstigatorType.SENSOR, TickStatus.SKIPPED, 1.0, selector_id="its id")
        )

    with dg.DagsterInstance.from_config(str(home)) as instance:
        for _ in range(2):
            a_tick_of_1970()
            instance.purge_ticks("its origin", "its id", before=time.time(), tick_statuses=[TickStatus.SKIPPED])
        assert len(instance.get_ticks("its origin", "its id")) == 1
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.purge_ticks("its origin", "its id", before=time.time(), tick_statuses=[TickStatus.SKIPPED])
        assert not instance.get_ticks("its origin", "its id")


def _asked(postgres: EmbeddedPostgres, statement: str) -> int:
    with create_engine(postgres.url("postgres", "psycopg")).connect() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        return int(str(connection.execute(text(statement)).scalar()))
