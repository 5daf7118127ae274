import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from trading_pipeline.defs.execution.schedules import every_minute
from trading_pipeline.defs.operations.attempts import LONGEST_SERIES, given_up, next_attempt

FAILED, CANCELED, STARTED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.STARTED


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tried(instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus, job: str = "bar_close") -> None:
    """Runs of one work, in this order."""
    for status in statuses:
        instance.add_run(dg.DagsterRun(job, run_id=str(uuid.uuid4()), status=status, tags={"work": "wave"}))


def test_failed_work_is_tried_again(instance: dg.DagsterInstance) -> None:
    tried(instance, FAILED, FAILED)
    assert (next_attempt(instance, "wave"), given_up(instance, "wave")) == (2, False)


def test_work_under_way_is_neither_tried_nor_given_up(instance: dg.DagsterInstance) -> None:
    tried(instance, FAILED, STARTED)
    assert (next_attempt(instance, "wave"), given_up(instance, "wave")) == (None, False)


@pytest.mark.parametrize("statuses", [[FAILED] * LONGEST_SERIES, [FAILED, CANCELED]], ids=["too often", "terminated"])
def test_work_that_failed_too_often_or_was_terminated_stays_undone(
    instance: dg.DagsterInstance, statuses: list[dg.DagsterRunStatus]
) -> None:
    tried(instance, *statuses)
    assert (next_attempt(instance, "wave"), given_up(instance, "wave")) == (None, True)


def test_a_run_that_a_person_launches_after_a_termination_takes_the_series_up_again(
    instance: dg.DagsterInstance,
) -> None:
    tried(instance, CANCELED, FAILED)
    assert next_attempt(instance, "wave") == 2


def test_a_minute_is_left_out_while_the_last_reconciliation_is_going_on(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance, dg.build_schedule_context(instance) as context:
        assert isinstance(every_minute(context), dg.RunRequest)
        tried(instance, STARTED, job="reconcile")
        assert isinstance(every_minute(context), dg.SkipReason)
