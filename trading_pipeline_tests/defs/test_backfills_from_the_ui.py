"""What a person launches on the page of an asset: asked for as the UI asks, taken up as the daemon does."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset
from dagster._core.events import StepMaterializationData
from dagster._core.execution.backfill import BulkActionStatus
from dagster._daemon.backfill import execute_backfill_iteration
from dagster_graphql.test.utils import execute_dagster_graphql

from trading_pipeline.defs.market_data.jobs import wave_assets
from trading_pipeline.defs.market_data.partitions import GRID, UNIVERSE
from trading_pipeline.defs.research.backtests import STRATEGY_GRID
from trading_pipeline.runtime.dagster.rectangles import MOST_PARTITIONS, rectangle_or_ranges
from trading_pipeline.runtime.supervision.environment import PROCESS_SETTINGS
from trading_pipeline_tests.runtime.dagster.queued_instance import Queue, ServedModule, shipped_queue

_LAUNCH = """
mutation launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
DAYS = ("2025-10-01", "2025-10-02", "2025-10-03")
BARS = [f"bars_{timeframe}" for timeframe in UNIVERSE.timeframes]
PIPELINE = [key.to_user_string() for key in wave_assets(UNIVERSE.timeframes)]
INSTRUMENT = UNIVERSE.instrument_ids[0]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    setting = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"
    monkeypatch.setenv(setting, PROCESS_SETTINGS[setting])
    with shipped_queue(tmp_path, ServedModule("trading_pipeline.definitions")) as queue:
        yield queue


def launch(queue: Queue, assets: Sequence[str], partitions: Sequence[str]) -> str:
    """The button; id of the backfill."""
    params = {"assetSelection": [{"path": [name]} for name in assets], "partitionNames": list(partitions)}
    answer = execute_dagster_graphql(queue.workspace.create_request_context(), _LAUNCH, {"params": params})
    launched = answer.data["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    return str(launched["backfillId"])


def iterate(queue: Queue) -> None:
    """One look of the daemon at all backfills."""
    errors = [error for error in execute_backfill_iteration(queue.workspace, logging.getLogger()) if error]
    assert errors == []


def materialize(queue: Queue, run_id: str) -> None:
    """Let a run store what it was asked for."""
    run = queue.instance.get_run_by_id(run_id)
    assert run is not None
    for key in run.asset_selection or ():
        for partition in partitions_of(run):
            stored = dg.AssetMaterialization(key, partition=partition)
            event = dg.DagsterEvent(
                dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                job_name=run.job_name,
                event_specific_data=StepMaterializationData(stored),
            )
            queue.instance.report_dagster_event(event, run_id)
    queue.end(run_id)


def partitions_of(run: dg.DagsterRun) -> list[str]:
    """Keys that the run covers, alone or as a rectangle of the grid."""
    if "dagster/partition" in run.tags:
        return [run.tags["dagster/partition"]]
    first, last = (
        GRID.get_partition_key_from_str(run.tags[f"dagster/asset_partition_range_{end}"]) for end in ("start", "end")
    )
    return list(GRID.get_partition_keys_in_range(dg.PartitionKeyRange(first, last)))


def requested(queue: Queue, backfill_id: str) -> list[dg.DagsterRun]:
    """The backfill's runs, the oldest first."""
    return list(reversed(queue.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill_id}))))


def status(queue: Queue, backfill_id: str) -> BulkActionStatus:
    backfill = queue.instance.get_backfill(backfill_id)
    assert backfill is not None
    return backfill.status


def finish(queue: Queue, backfill_id: str) -> list[dg.DagsterRun]:
    """Let daemon and worker go on until the backfill has ended; its runs."""
    while status(queue, backfill_id) is BulkActionStatus.REQUESTED:
        iterate(queue)
        queue.look()
        for run_id in queue.going():
            materialize(queue, run_id)
    return requested(queue, backfill_id)


def test_backtests_launched_at_once_are_runs_each(queue: Queue) -> None:
    keys = [str(key) for key in STRATEGY_GRID.get_partition_keys()[:12]]
    backfill_id = launch(queue, ["backtests"], keys)
    iterate(queue)
    runs = requested(queue, backfill_id)
    assert sorted(run.tags["dagster/partition"] for run in runs) == sorted(keys)
    assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}


def test_a_backfill_of_backtests_ends_well_one_run_after_the_other(queue: Queue) -> None:
    keys = [f"{instrument_id}|ema_atr" for instrument_id in UNIVERSE.instrument_ids]
    backfill_id = launch(queue, ["backtests"], keys)
    assert len(finish(queue, backfill_id)) == len(keys)
    assert status(queue, backfill_id) is BulkActionStatus.COMPLETED_SUCCESS


def test_backtests_launched_with_their_bars_wait_for_these(queue: Queue) -> None:
    backfill_id = launch(queue, [*BARS, "backtests"], [f"{day}|{INSTRUMENT}" for day in DAYS])
    iterate(queue)
    assert [run.asset_selection for run in requested(queue, backfill_id)] == [{dg.AssetKey(name) for name in BARS}]
    queue.look()
    materialize(queue, queue.going()[0])
    iterate(queue)
    later = requested(queue, backfill_id)[1:]
    assert [run.asset_selection for run in later] == [{dg.AssetKey("backtests")}] * len(
        STRATEGY_GRID.get_partition_keys()
    )


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges as the daemon of the system makes them."""
    monkeypatch.setattr(DefaultPartitionsSubset, "get_partition_key_ranges", rectangle_or_ranges)


def keys_of(days: Sequence[str], instrument_ids: Sequence[str]) -> list[str]:
    return [f"{day}|{instrument_id}" for day in days for instrument_id in instrument_ids]


@pytest.mark.usefixtures("daemon")
def test_a_year_of_bars_is_one_run(queue: Queue) -> None:
    days = GRID.get_partitions_def_for_dimension("day").get_partition_keys()[:365]
    backfill_id = launch(queue, BARS, keys_of(days, UNIVERSE.instrument_ids))
    iterate(queue)
    [run] = requested(queue, backfill_id)
    assert sorted(partitions_of(run)) == sorted(keys_of(days, UNIVERSE.instrument_ids))


@pytest.mark.usefixtures("daemon")
def test_a_backfill_of_one_run_ends_with_it(queue: Queue) -> None:
    backfill_id = launch(queue, BARS[:1], keys_of(DAYS, UNIVERSE.instrument_ids))
    assert len(finish(queue, backfill_id)) == 1
    assert status(queue, backfill_id) is BulkActionStatus.COMPLETED_SUCCESS


@pytest.mark.usefixtures("daemon")
def test_what_is_no_rectangle_is_left_to_dagster_and_nothing_is_computed_that_nobody_asked_for(queue: Queue) -> None:
    first, *others = UNIVERSE.instrument_ids
    wanted = [*keys_of(DAYS, [first]), *keys_of(DAYS[:1], others)]
    backfill_id = launch(queue, BARS, wanted)
    iterate(queue)
    assert sorted(key for run in requested(queue, backfill_id) for key in partitions_of(run)) == sorted(wanted)


@pytest.mark.usefixtures("daemon")
def test_more_than_a_run_should_hold_are_a_run_per_instrument(queue: Queue) -> None:
    days = GRID.get_partitions_def_for_dimension("day").get_partition_keys()
    assert len(days) * len(UNIVERSE.instrument_ids) > MOST_PARTITIONS
    backfill_id = launch(queue, PIPELINE, keys_of(days, UNIVERSE.instrument_ids))
    iterate(queue)
    runs = requested(queue, backfill_id)
    assert [len(partitions_of(run)) for run in runs] == [len(days)] * len(UNIVERSE.instrument_ids)
    assert all(run.asset_selection == {dg.AssetKey(name) for name in PIPELINE} for run in runs)
    assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}
