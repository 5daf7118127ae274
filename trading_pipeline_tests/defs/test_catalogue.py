"""What a person who opens the UI is told about everything there."""

import dagster as dg
import pytest

from trading_pipeline.adapters.stores.postgres.tables import metadata
from trading_pipeline.definitions import defs
from trading_pipeline.defs.catalogue import CATALOGUE, OWNERS, catalogued

REPOSITORY = defs.get_repository_def()
GRAPH = REPOSITORY.asset_graph
ASSETS = sorted(GRAPH.get_all_asset_keys())
NO_TABLE = {"bybit_public_stream", "bybit_private_stream", "parity"}
KINDS = {"python", "postgres", "dbt", "bybit", "view", "table"}


@pytest.mark.parametrize("key", ASSETS, ids=dg.AssetKey.to_user_string)
def test_every_asset_has_owner_description_kind_and_tag(key: dg.AssetKey) -> None:
    asset = GRAPH.get(key)
    assert asset.owners == OWNERS
    assert asset.description
    assert asset.kinds
    assert asset.kinds <= KINDS
    assert asset.tags["context"] in {entry.context for entry in CATALOGUE.values()}


@pytest.mark.parametrize("key", ASSETS, ids=dg.AssetKey.to_user_string)
def test_every_asset_names_its_table_and_columns_unless_it_is_none(key: dg.AssetKey) -> None:
    told = GRAPH.get(key).metadata
    if key.to_user_string() in NO_TABLE:
        assert "dagster/table_name" not in told
        return
    name, columns = told["dagster/table_name"], told["dagster/column_schema"].columns
    assert all(column.type for column in columns)
    if name.startswith("trading."):
        assert [column.name for column in columns] == list(metadata.tables[name].columns.keys())


def test_a_frames_rules_stand_beside_its_columns() -> None:
    schema = GRAPH.get(dg.AssetKey("bars_15m")).metadata["dagster/column_schema"]
    assert schema.constraints.other == [
        "unique: instrument_id, timeframe, open_time",
        "closes after it opens",
        "one row per instrument and open time, ascending",
    ]
    assert {column.name: column.type for column in schema.columns}["open_time"] == "timestamp with time zone"


def test_an_asset_without_a_row_in_the_catalogue_is_refused() -> None:
    with pytest.raises(KeyError, match="stray"):
        catalogued([dg.AssetSpec("stray")])


def test_every_check_sensor_schedule_and_job_says_what_it_does() -> None:
    checks = {str(key): GRAPH.get_check_spec(key).description for key in GRAPH.asset_check_keys}
    sensors = {one.name: one.description for one in REPOSITORY.sensor_defs}
    schedules = {one.name: one.description for one in REPOSITORY.schedule_defs}
    jobs = {one.name: one.description for one in REPOSITORY.get_all_jobs() if not one.name.startswith("__")}
    assert all([checks, sensors, schedules, jobs])
    assert [name for kind in (checks, sensors, schedules, jobs) for name, said in kind.items() if not said] == []
