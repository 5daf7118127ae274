"""A resident worker of one queue: its pool, its warm start, and the runs a killed one left behind."""

import gc
import os
import socket

import redis
from celery.signals import heartbeat_sent, task_postrun, task_received, worker_init
from celery.worker.request import Request
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from trading_pipeline.runtime.dagster.celery_app import app, execute_job
from trading_pipeline.runtime.dagster.sign_of_life import SignOfLife
from trading_pipeline.settings import Settings

_UNFINISHED = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_KILLED = "The worker that executed this run was killed."


def run_worker(queue: str, processes: int) -> None:
    """Execute the runs of ``queue`` until told to stop.

    :param processes: most runs at a time.
    """
    name = f"{queue}@{socket.gethostname()}"
    ledger = TaskLedger(redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True), name)
    # Celery keeps weak references, and nobody else holds these bound methods.
    task_received.connect(ledger.received, weak=False)
    task_postrun.connect(ledger.ended, sender=execute_job, weak=False)
    worker_init.connect(warm_up, weak=False)
    heartbeat_sent.connect(SignOfLife(Settings().database_url, queue), weak=False)
    with DagsterInstance.get() as instance:
        # Before any task is taken: afterwards the ledger would hold runs that live.
        fail_orphans(instance, ledger)
    app.worker_main(
        [
            "worker",
            "-n",
            name,
            "-Q",
            queue,
            "-c",
            str(processes),
            "-l",
            "warning",
            "--without-gossip",
            "--without-mingle",
        ]
    )


class TaskLedger:
    """The tasks a worker has in its hands, kept in Redis so that the next worker of the name can read it.

    A worker killed as a whole leaves its runs ``STARTED`` for ever, because the result backend still
    says so; only who held them can tell which these are.
    """

    def __init__(self, client: redis.Redis, worker: str) -> None:
        self._client = client
        self._key = f"worker:{worker}:tasks"

    def received(self, *, request: Request, **_: object) -> None:
        """Note a task that is taken from the queue, where nobody else finds it any more.

        Not when a process of the pool begins it: a worker killed in between would leave a run that nobody starts.
        """
        if request.name == execute_job.name:
            self._client.sadd(self._key, request.id)

    def ended(self, *, task_id: str, **_: object) -> None:
        """Forget a task that ended in any way."""
        self._client.srem(self._key, task_id)

    def take(self) -> list[str]:
        """Every noted task, and forget them."""
        # One transaction of Redis, so that no task noted in between is forgotten unread.
        with self._client.pipeline() as pipeline:
            pipeline.smembers(self._key)
            pipeline.delete(self._key)
            return sorted(pipeline.execute()[0])


def fail_orphans(instance: DagsterInstance, ledger: TaskLedger) -> list[str]:
    """Report the unfinished runs of the worker's previous life as failed, so that they are requested again.

    One that somebody was terminating is cancelled, and stays so.
    """
    orphans = []
    for task_id in ledger.take():
        for run in instance.get_runs(RunsFilter(tags={"dagster-celery/task_id": task_id}, statuses=_UNFINISHED)):
            if run.status is DagsterRunStatus.CANCELING:
                instance.report_run_canceled(run, _KILLED)
            else:
                instance.report_run_failed(run, _KILLED)
            orphans.append(run.run_id)
    return orphans


def warm_up(**_: object) -> None:
    """Import and resolve the definitions before the pool forks, so that no run pays for it."""
    import pandas as pd

    from trading_pipeline.adapters.stores.postgres.schemas import BARS
    from trading_pipeline.definitions import defs

    defs.get_repository_def().get_all_jobs()
    # imported by pandera when the first frame is looked at, 0.4 s
    BARS.register_default_backends(pd.DataFrame)
    # What was imported lives as long as the worker. Looked through by the collector of each process of the pool, it
    # would be written to, and so be held by each once more.
    gc.collect()
    gc.freeze()
