import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from trading_pipeline.runtime.dagster.quiet_rounds import where_backfills_go_on, where_runs_wait

SOMEWHERE = RemoteJobOrigin(RemoteRepositoryOrigin(InProcessCodeLocationOrigin(LoadableTargetOrigin()), "ours"), "job")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def round_of_dagster(*arguments: object, **named: object) -> Iterator[Any]:
    yield arguments, named


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED])
def test_the_queue_is_gone_through_while_a_run_waits(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    workspace: Any = SimpleNamespace(instance=instance)
    rounds = where_runs_wait(round_of_dagster)
    assert list(rounds("the daemon", workspace)) == []
    run = dg.DagsterRun("job", run_id=str(uuid.uuid4()), status=status, remote_job_origin=SOMEWHERE)
    instance.add_run(run)
    waits = status is dg.DagsterRunStatus.QUEUED
    assert list(rounds("the daemon", workspace)) == ([(("the daemon", workspace), {})] if waits else [])


@pytest.mark.parametrize("status", BulkActionStatus)
def test_backfills_are_gone_through_while_one_is_not_over(
    instance: dg.DagsterInstance, status: BulkActionStatus
) -> None:
    workspace: Any = SimpleNamespace(instance=instance)
    rounds = where_backfills_go_on(round_of_dagster)
    assert list(rounds(workspace, "its log", backfill_futures={})) == []
    instance.add_backfill(PartitionBackfill("one", status, from_failure=False, tags={}, backfill_timestamp=0.0))
    goes_on = status in (BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING)
    made = list(rounds(workspace, "its log", backfill_futures={}))
    assert made == ([((workspace, "its log"), {"backfill_futures": {}})] if goes_on else [])
