"""The Dagster instance on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from sqlalchemy import create_engine, text

from trading_pipeline.runtime.embedded import EmbeddedPostgres

_CONNECTIONS_OF_ALL_STORAGES = 3


@pytest.fixture
def instance(
    postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    with create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE pooled"))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres.url("pooled", "psycopg2"))
    shipped = yaml.safe_load((Path(__file__).parents[2] / "trading_pipeline/runtime/dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump({"storage": shipped["storage"], "telemetry": {"enabled": False}})
    )
    with dg.DagsterInstance.from_config(str(tmp_path)) as built:
        yield built


@dg.op
def nothing() -> None:
    """A step like any other."""


@dg.job(executor_def=dg.in_process_executor)
def ten_steps() -> None:
    """Some eighty events."""
    for number in range(10):
        nothing.alias(f"step_{number}")()


def test_a_run_keeps_its_connections(instance: dg.DagsterInstance, postgres: EmbeddedPostgres) -> None:
    ten_steps.execute_in_process(instance=instance)
    sessions = text("SELECT sessions FROM pg_stat_database WHERE datname = 'pooled'")
    before = _asked(postgres, sessions)
    ten_steps.execute_in_process(instance=instance)
    assert _asked(postgres, sessions) - before <= _CONNECTIONS_OF_ALL_STORAGES


def _asked(postgres: EmbeddedPostgres, statement: object) -> int:
    with create_engine(postgres.url("postgres", "psycopg")).connect() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        return int(str(connection.execute(statement).scalar()))  # type: ignore[call-overload]
