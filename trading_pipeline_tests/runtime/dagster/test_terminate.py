"""A run is ended from the UI, waiting or running, with the instance that the system ships and a real worker."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster_graphql.test.utils import execute_dagster_graphql
from sqlalchemy import create_engine, text

from trading_pipeline.runtime.dagster.storage import create_tables
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.runtime.supervision.environment import celery_url
from trading_pipeline_tests.architecture.source_tree import ROOT
from trading_pipeline_tests.runtime.dagster.queued_instance import Queue, ServedModule

_MODULE = "trading_pipeline_tests.runtime.dagster.patient_job"
_LAUNCH = """
mutation launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
_TERMINATE = "mutation end($runId: String!) { terminateRun(runId: $runId) { __typename } }"
_LONGEST_S = 120.0


@pytest.fixture
def home(postgres: EmbeddedPostgres, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Dagster home as the system writes it; the variables of its processes."""
    with create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE terminated"))
    shutil.copyfile(ROOT / "trading_pipeline/runtime/dagster/dagster.yaml", tmp_path / "dagster.yaml")
    create_tables(postgres.url("terminated", "psycopg2"))
    variables = {
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_POSTGRES_URL": postgres.url("terminated", "psycopg2"),
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": celery_url(redis_url),
        "DATABASE_URL": postgres.url("template_trading", "psycopg"),
        "PATIENT_FOLDER": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def queue(home: dict[str, str]) -> Iterator[Queue]:
    """Webserver and daemon in this process, the worker of the queue ``backfill`` in one of its own."""
    command = [sys.executable, "-m", "trading_pipeline.cli.main", "worker", "--queue", "backfill", "--processes", "1"]
    with (Path(home["DAGSTER_HOME"]) / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **home}, stdout=log, stderr=log)
    try:
        with (
            dg.DagsterInstance.get() as instance,
            create_test_daemon_workspace_context(ServedModule(_MODULE), instance) as workspace,
        ):
            yield Queue(instance, workspace)
    finally:
        worker.terminate()
        worker.wait(30)


def launch(queue: Queue, job: str) -> str:
    """The button of the launchpad; id of the run."""
    selector = {
        "repositoryLocationName": "trading_pipeline",
        "repositoryName": "__repository__",
        "pipelineName": job,
    }
    answer = execute_dagster_graphql(
        queue.workspace.create_request_context(), _LAUNCH, {"params": {"selector": selector, "mode": "default"}}
    )
    launched = answer.data["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def terminate(queue: Queue, run_id: str) -> str:
    """The button of the run; what the UI is told."""
    answer = execute_dagster_graphql(queue.workspace.create_request_context(), _TERMINATE, {"runId": run_id})
    return str(answer.data["terminateRun"]["__typename"])


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(queue: Queue, run_id: str) -> bool:
    run = queue.instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def test_terminated_runs_are_cancelled_and_the_worker_lives(queue: Queue, home: dict[str, str]) -> None:
    running, waiting = launch(queue, "patient"), launch(queue, "patient")
    queue.look()
    wait_until((Path(home["PATIENT_FOLDER"]) / running).exists)
    assert queue.status(waiting) is dg.DagsterRunStatus.QUEUED
    for run_id in (waiting, running):
        assert terminate(queue, run_id) == "TerminateRunSuccess"
        wait_until(partial(ended, queue, run_id))
        assert queue.status(run_id) is dg.DagsterRunStatus.CANCELED
    following = launch(queue, "brief")
    queue.look()
    wait_until(lambda: queue.status(following) is dg.DagsterRunStatus.SUCCESS)
