"""The definitions on servers of their own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from sqlalchemy import Engine, create_engine, text

from trading_pipeline.runtime.dagster.storage import create_tables
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline_tests.architecture.source_tree import PACKAGE
from trading_pipeline_tests.defs.pipeline_stage import PipelineStage


@pytest.fixture
def stage(database: Engine, database_url: str, redis_url: str) -> PipelineStage:
    """Two days of bars at the venue, nothing stored."""
    return PipelineStage(database, database_url, redis_url)


@pytest.fixture(scope="session")
def dagster_template(postgres: EmbeddedPostgres) -> str:
    """Name of a database with Dagster's tables, to copy from."""
    name = "template_dagster"
    _execute(postgres, f"CREATE DATABASE {name}")
    create_tables(postgres.url(name, "psycopg2"))
    # the storage keeps its connections, and nobody may be connected to what is copied
    _execute(postgres, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    return name


@pytest.fixture
def stored_instance(
    postgres: EmbeddedPostgres, dagster_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance with the storage and the retention that the system ships, and a folder for its logs."""
    name = f"dagster_{uuid.uuid4().hex[:12]}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {dagster_template}")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres.url(name, "psycopg2"))
    shipped = yaml.safe_load((PACKAGE / "runtime" / "dagster" / "dagster.yaml").read_text())
    parts = {part: shipped[part] for part in ("storage", "retention", "telemetry")}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(parts))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    """Run one statement that no transaction may hold."""
    admin = create_engine(server.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(statement))
    admin.dispose()
