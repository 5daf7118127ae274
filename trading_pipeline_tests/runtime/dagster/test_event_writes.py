"""What Dagster remembers of a run must not depend on how its event log writes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster import DagsterEventType
from sqlalchemy import Engine, create_engine, event, text

from trading_pipeline.runtime.dagster.storage import create_tables
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres

DAYS = dg.DailyPartitionsDefinition("2025-01-01", end_date="2025-01-05")


@dg.multi_asset(
    specs=[dg.AssetSpec("first"), dg.AssetSpec("second", deps=["first"])],
    check_specs=[dg.AssetCheckSpec("sound", asset="first"), dg.AssetCheckSpec("fresh", asset="second")],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def days() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Two assets of five days, each with a check, of which one fails."""
    for asset, check, passed in (("first", "sound", True), ("second", "fresh", False)):
        yield dg.MaterializeResult(asset_key=asset, tags={"dagster/data_version": f"of {asset}"})
        yield dg.AssetCheckResult(asset_key=asset, check_name=check, passed=passed, severity=dg.AssetCheckSeverity.WARN)


DEFINITIONS = dg.Definitions(
    assets=[days],
    jobs=[dg.define_asset_job("all_days", selection="*")],
    executor=dg.in_process_executor,
)
CLASSES = {
    "sparing": {"module": "trading_pipeline.runtime.dagster.storage", "class": "PooledPostgresStorage"},
    "stock": {"module": "dagster_postgres", "class": "DagsterPostgresStorage"},
}
REMEMBERED = {
    "events": "SELECT dagster_event_type, step_key, asset_key, partition FROM event_logs ORDER BY 1, 2, 3, 4",
    "order": "SELECT dagster_event_type, step_key, asset_key FROM event_logs ORDER BY id",
    "checks": "SELECT asset_key, check_name, partition, execution_status, evaluation_event_storage_id IS NULL, "
    "materialization_event_storage_id IS NULL FROM asset_check_executions ORDER BY 1, 2, 3",
    "assets": "SELECT asset_key, last_materialization IS NULL, last_run_id IS NULL FROM asset_keys ORDER BY 1",
    "tags": "SELECT asset_key, key, value FROM asset_event_tags ORDER BY 1, 2, 3",
}


@dataclass(frozen=True)
class Written:
    """What two runs, one of them launched for two days and planned in a batch, left in a database."""

    remembered: dict[str, list[tuple[object, ...]]]
    statements: list[str]


def _made(postgres: EmbeddedPostgres, database: str, folder: Path, name: str) -> str:
    """The address of a new database, and in the folder an instance on it with the storage of that name."""
    with create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {database}"))
    url = postgres.url(database, "psycopg2")
    create_tables(url)
    storage = {"custom": {**CLASSES[name], "config": {"postgres_url": url, "should_autocreate_tables": False}}}
    (folder / "dagster.yaml").write_text(yaml.safe_dump({"storage": storage, "telemetry": {"enabled": False}}))
    return url


def run(name: str, postgres: EmbeddedPostgres, folder: Path) -> Written:
    """Run the days on the storage of that name, in a database of its own."""
    _made(postgres, f"events_{name}", folder, name)
    statements: list[str] = []

    def heard(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    job = DEFINITIONS.resolve_job_def("all_days")
    event.listen(Engine, "before_cursor_execute", heard)
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            days_of_run = {
                "dagster/asset_partition_range_start": "2025-01-02",
                "dagster/asset_partition_range_end": "2025-01-03",
            }
            assert job.execute_in_process(instance=instance, tags=days_of_run).success
            assert job.execute_in_process(instance=instance, partition_key="2025-01-04").success
    finally:
        event.remove(Engine, "before_cursor_execute", heard)
    with create_engine(postgres.url(f"events_{name}", "psycopg")).connect() as connection:
        rows = {what: [tuple(row) for row in connection.execute(text(query))] for what, query in REMEMBERED.items()}
    return Written(rows, statements)


@pytest.fixture(scope="module")
def written(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Written]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
        yield {name: run(name, postgres, tmp_path_factory.mktemp(name)) for name in CLASSES}


@pytest.mark.parametrize("what", REMEMBERED)
def test_the_event_log_remembers_what_dagsters_own_remembers(written: dict[str, Written], what: str) -> None:
    assert written["sparing"].remembered[what] == written["stock"].remembered[what] != []


def test_it_needs_fewer_statements_and_calls_nobody_who_does_not_listen(written: dict[str, Written]) -> None:
    sparing, stock = written["sparing"].statements, written["stock"].statements
    assert len(sparing) < 0.6 * len(stock), (len(sparing), len(stock))
    assert not [statement for statement in sparing if "NOTIFY" in statement]


def test_the_end_of_an_asset_is_stored_with_what_follows(written: dict[str, Written]) -> None:
    inserts = {
        name: sum(statement.startswith("INSERT INTO event_logs") for statement in one.statements)
        for name, one in written.items()
    }
    outputs = 2 * (2 + 2)  # in each of the two runs two assets and two checks, and each check has a verdict, too
    assert inserts["sparing"] <= inserts["stock"] - outputs - 2 * 2


def test_what_is_held_back_is_stored_when_its_process_leaves(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = _made(postgres, "events_left", tmp_path, "sparing")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = DEFINITIONS.resolve_job_def("all_days").execute_in_process(instance=instance, partition_key="2025-01-04")
        before = _outputs(url)
        output = next(
            one for one in instance.all_logs(run.run_id) if one.dagster_event_type is DagsterEventType.STEP_OUTPUT
        )
        instance.store_event(output)
        assert _outputs(url) == before
    assert _outputs(url) == before + 1


def _outputs(url: str) -> int:
    with create_engine(url).connect() as connection:
        query = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'STEP_OUTPUT'"
        return int(connection.execute(text(query)).scalar_one())


def test_a_process_asks_once_what_a_table_looks_like(written: dict[str, Written]) -> None:
    asked = [statement for statement in written["sparing"].statements if "pg_catalog" in statement]
    # of runs and asset_keys their columns, of the tags and of the checks' table whether they are there
    assert len(asked) == 4


def test_a_run_is_not_asked_for_versions_that_it_has_told(written: dict[str, Written]) -> None:
    asked = {name: sum("latest_event_ids" in one for one in both.statements) for name, both in written.items()}
    assert asked["sparing"] == 0 < asked["stock"]


def test_an_asset_says_itself_what_its_last_event_is(written: dict[str, Written]) -> None:
    looked = {name: sum("latest_event_subquery" in one for one in both.statements) for name, both in written.items()}
    # in the first run, before an asset was ever materialised
    assert looked["sparing"] < looked["stock"]
