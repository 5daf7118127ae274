from __future__ import annotations

import importlib
import uuid
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import redis

from trading_pipeline.runtime.supervision.environment import celery_url

if TYPE_CHECKING:
    from trading_pipeline.runtime.dagster.worker import TaskLedger


@pytest.fixture
def worker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module reads the address of its broker when it is imported."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CELERY_BROKER_URL", celery_url(redis_url))
    return importlib.import_module("trading_pipeline.runtime.dagster.worker")


@pytest.fixture
def ledger(worker: ModuleType, redis_url: str) -> TaskLedger:
    found: TaskLedger = worker.TaskLedger(
        redis.Redis.from_url(redis_url, decode_responses=True), f"trading@{uuid.uuid4().hex}"
    )
    return found


def a_run(instance: dg.DagsterInstance, task_id: str, status: dg.DagsterRunStatus) -> str:
    tags = {"dagster-celery/task_id": task_id}
    return instance.add_run(dg.DagsterRun("bar_close", run_id=str(uuid.uuid4()), status=status, tags=tags)).run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def receive(worker: ModuleType, ledger: TaskLedger, task_id: str) -> None:
    """Take a run's task from the queue, as Celery tells of it."""
    ledger.received(request=SimpleNamespace(id=task_id, name=worker.execute_job.name))


def test_a_worker_knows_the_tasks_it_has_taken_and_not_ended(worker: ModuleType, ledger: TaskLedger) -> None:
    for task_id in ("one", "two", "three"):
        receive(worker, ledger, task_id)
    ledger.received(request=SimpleNamespace(id="four", name="celery.ping"))
    ledger.ended(task_id="two")
    assert ledger.take() == ["one", "three"]
    assert ledger.take() == []


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED),
        (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.SUCCESS),
        (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.CANCELED),
    ],
)
def test_runs_of_a_killed_worker_are_ended_when_it_starts_again(
    worker: ModuleType, ledger: TaskLedger, status: dg.DagsterRunStatus, after: dg.DagsterRunStatus
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = a_run(instance, "task", status)
        receive(worker, ledger, "task")
        assert worker.fail_orphans(instance, ledger) == ([run_id] if status is not after else [])
        assert status_of(instance, run_id) is after


def test_runs_of_other_workers_are_left_alone(worker: ModuleType, ledger: TaskLedger) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = a_run(instance, "somebody-elses", dg.DagsterRunStatus.STARTED)
        receive(worker, ledger, "mine")
        assert worker.fail_orphans(instance, ledger) == []
        assert status_of(instance, run_id) is dg.DagsterRunStatus.STARTED
