"""Nothing that waits for a process is handed to a worker, and trading waits for nobody."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from trading_pipeline.definitions import defs
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.system import execution_specs
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.architecture.source_tree import ROOT
from trading_pipeline_tests.runtime.dagster.queued_instance import SHIPPED, Queue, shipped_queue

QUEUED, STARTING = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING
REPOSITORY = defs.get_repository_def()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with shipped_queue(tmp_path) as queue:
        yield queue


def submit(queue: Queue, job: str, **tags: str) -> str:
    """A run with the tags of its job."""
    return queue.submit(job, {**REPOSITORY.get_job(job).run_tags, **tags})


def test_launched_runs_start_one_after_another(queue: Queue) -> None:
    asked = [queue.submit("__ASSET_JOB") for _ in range(8)]
    started = []
    for _ in asked:
        queue.look()
        queue.look()
        going = queue.going()
        assert len(going) == 1
        started += going
        queue.end(going[0])
    assert started == asked


def test_a_purge_waits_for_everything_that_people_launched(queue: Queue) -> None:
    launched, purging = queue.submit("__ASSET_JOB"), submit(queue, "purge")
    later = queue.submit("__ASSET_JOB")
    queue.look()
    queue.end(launched)
    queue.look()
    assert [queue.status(later), queue.status(purging)] == [STARTING, QUEUED]


def test_a_waiting_run_is_queued_and_not_starting(queue: Queue) -> None:
    first, second = queue.submit("__ASSET_JOB"), queue.submit("__ASSET_JOB")
    queue.look()
    assert [queue.status(first), queue.status(second)] == [STARTING, QUEUED]


@pytest.mark.parametrize("job", ["bar_close", "execute_plans", "manage_positions", "follow_fills", "halt", "reconcile"])
def test_what_trades_starts_at_once_whatever_waits_in_the_other_queue(queue: Queue, job: str) -> None:
    for _ in range(5):
        queue.submit("__ASSET_JOB")
    assert queue.status(submit(queue, job)) is STARTING


def test_a_second_reconciliation_waits_for_the_first(queue: Queue) -> None:
    first, second = submit(queue, "reconcile"), submit(queue, "reconcile")
    assert queue.status(second) is QUEUED
    queue.end(first)
    queue.look()
    assert queue.status(second) is STARTING


def test_hanging_order_runs_leave_waves_a_process(queue: Queue) -> None:
    hanging = [submit(queue, "reconcile"), submit(queue, "execute_plans")]
    third = submit(queue, "manage_positions")
    assert queue.going() == hanging
    assert queue.status(third) is QUEUED
    wave = submit(queue, "bar_close")
    assert queue.status(wave) is STARTING
    queue.end(wave)
    assert queue.status(submit(queue, "kill_switch")) is STARTING


def test_commands_precede_orders_and_orders_precede_waves(queue: Queue) -> None:
    taken = [submit(queue, "bar_close") for _ in range(3)]
    waiting = [submit(queue, job) for job in ("reconcile", "bar_close", "execute_plans", "halt")]
    started = []
    for run_id in taken:
        queue.end(run_id)
        queue.look()
        started += [one for one in waiting if queue.status(one) is STARTING and one not in started]
    assert started == [waiting[3], waiting[2], waiting[1]]


def test_a_backfill_never_gets_the_trading_worker(queue: Queue) -> None:
    runs = [submit(queue, "bar_close", **{"dagster/backfill": "of-days"}) for _ in range(3)]
    queue.look()
    assert queue.going() == runs[:1]
    assert queue.status(submit(queue, "bar_close")) is STARTING


def test_a_run_that_waits_can_be_terminated(queue: Queue) -> None:
    _, second = queue.submit("__ASSET_JOB"), queue.submit("__ASSET_JOB")
    queue.look()
    assert queue.instance.run_coordinator.cancel_run(second)
    assert queue.status(second) is dg.DagsterRunStatus.CANCELED


def test_every_trading_job_ends_in_time_and_unrepeated() -> None:
    jobs = [job for job in REPOSITORY.get_all_jobs() if not job.name.startswith("__")]
    trading = [job for job in jobs if job.run_tags.get("dagster-celery/queue") == "trading"]
    assert len(trading) == 13
    for job in trading:
        assert 60 <= int(job.run_tags["dagster/max_runtime"]) <= 900, job.name
        assert job.run_tags["dagster/max_retries"] == "0", job.name


@pytest.mark.parametrize("queue_name", ["trading", "backfill"])
def test_a_queue_runs_as_many_as_processes(queue_name: str, tmp_path: Path) -> None:
    limits = SHIPPED["run_coordinator"]["config"]["tag_concurrency_limits"]
    [limit] = [one["limit"] for one in limits if one.get("value") == queue_name]
    specs = {one.name: one for one in execution_specs(SystemState(GivenSettings(state_dir=tmp_path)))}
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    for command in (specs[f"worker-{queue_name}"].command, services[f"worker-{queue_name}"]["command"]):
        assert list(command)[-4:] == ["--queue", queue_name, "--processes", str(limit)]
