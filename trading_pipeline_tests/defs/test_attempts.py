import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType

from trading_pipeline.defs.execution.schedules import every_minute
from trading_pipeline.defs.operations.attempts import given_up, lives, next_attempt, outlived, rests

FAILED, CANCELED, STARTED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.STARTED


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tried(instance: dg.DagsterInstance, *statuses: dg.DagsterRunStatus, job: str = "bar_close", **tags: str) -> None:
    """Runs of one work, in this order."""
    for status in statuses:
        run = dg.DagsterRun(job, run_id=str(uuid.uuid4()), status=status, tags={"work": "wave", **tags})
        instance.add_run(run)


HOUR = 3600.0


def test_failed_work_is_tried_again(instance: dg.DagsterInstance) -> None:
    tried(instance, FAILED, FAILED)
    assert (next_attempt(instance, "wave", time.time()), given_up(instance, "wave", time.time())) == (2, False)


def test_work_that_nobody_has_tried_begins_at_once(instance: dg.DagsterInstance) -> None:
    assert (next_attempt(instance, "wave", time.time()), given_up(instance, "wave", time.time())) == (0, False)


def test_work_under_way_is_neither_tried_nor_given_up(instance: dg.DagsterInstance) -> None:
    tried(instance, FAILED, STARTED)
    later = time.time() + HOUR
    assert (next_attempt(instance, "wave", later), given_up(instance, "wave", later)) == (None, False)
    assert not outlived(instance, "wave", later)
    assert not rests(instance, "wave", later)


def test_the_longer_work_is_tried_the_longer_it_pauses(instance: dg.DagsterInstance) -> None:
    """It began and failed now; were it to end in ten minutes it would rest for one."""
    tried(instance, FAILED)
    (run,) = instance.get_runs()
    ended = time.time() + 600
    failure = DagsterEvent(DagsterEventType.RUN_FAILURE.value, run.job_name)
    instance.run_storage.handle_run_event(run.run_id, failure, update_timestamp=datetime.fromtimestamp(ended, UTC))
    assert next_attempt(instance, "wave", ended + 55) is None
    assert (rests(instance, "wave", ended + 55), given_up(instance, "wave", ended + 55)) == (True, False)
    assert next_attempt(instance, "wave", ended + 65) == 1
    assert not rests(instance, "wave", ended + 65)


@pytest.mark.parametrize(("lives_s", "over"), [(900, 901), (14_400, 14_401), (None, HOUR + 1)])
def test_work_is_tried_until_it_is_of_no_use(instance: dg.DagsterInstance, lives_s: int | None, over: float) -> None:
    tags = {} if lives_s is None else lives(timedelta(seconds=lives_s))
    tried(instance, *[FAILED] * 30, **tags)
    began = time.time()
    assert next_attempt(instance, "wave", began + over - 60) == 30
    assert not outlived(instance, "wave", began + over - 60)
    assert next_attempt(instance, "wave", began + over) is None
    assert given_up(instance, "wave", began + over)
    assert outlived(instance, "wave", began + over)


def test_work_that_a_person_terminated_is_given_up_and_not_outlived(instance: dg.DagsterInstance) -> None:
    tried(instance, FAILED, CANCELED)
    now = time.time()
    assert (next_attempt(instance, "wave", now), given_up(instance, "wave", now)) == (None, True)
    assert not outlived(instance, "wave", now + HOUR)


def test_a_relaunch_after_termination_resumes_the_series(
    instance: dg.DagsterInstance,
) -> None:
    tried(instance, CANCELED, FAILED)
    assert next_attempt(instance, "wave", time.time()) == 2


def test_a_minute_waits_for_the_last_reconciliation(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance, dg.build_schedule_context(instance) as context:
        assert isinstance(every_minute(context), dg.RunRequest)
        tried(instance, STARTED, job="reconcile")
        assert isinstance(every_minute(context), dg.SkipReason)
