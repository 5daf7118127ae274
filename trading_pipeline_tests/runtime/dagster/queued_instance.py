"""A Dagster instance with the queue that the system ships and a launcher that only notes what it is given."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import dagster as dg
import yaml
from dagster._config import UserConfigSchema
from dagster._core.instance import InstanceRef
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget, WorkspaceLoadTarget
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._serdes import ConfigurableClass, ConfigurableClassData

SHIPPED = yaml.safe_load((Path(__file__).parents[3] / "trading_pipeline/runtime/dagster/dagster.yaml").read_text())
_REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("trading_pipeline"), "__repository__")
GOING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dataclass(frozen=True)
class ServedModule(WorkspaceLoadTarget):
    """Definitions loaded in this process, as a code server would serve them."""

    module: str

    def create_origins(self) -> Sequence[InProcessCodeLocationOrigin]:
        """The module."""
        target = LoadableTargetOrigin(executable_path=sys.executable, module_name=self.module)
        return [InProcessCodeLocationOrigin(target, location_name="trading_pipeline")]


class NotedLauncher(RunLauncher[Any], ConfigurableClass):
    """Hands a run to nobody: it stays ``STARTING`` until the test ends it."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """As Dagster asks for it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Nothing to set."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, object]) -> Self:
        """Build from the instance's configuration."""
        del config_value
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Take it."""

    def terminate(self, run_id: str) -> bool:
        """Nothing runs."""
        del run_id
        return False


class Queue:
    """What a person, a sensor and the daemon do with runs."""

    def __init__(self, instance: dg.DagsterInstance, workspace: WorkspaceProcessContext) -> None:
        self.instance = instance
        self.workspace = workspace
        self._daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def submit(self, job: str, tags: Mapping[str, str] | None = None) -> str:
        """Ask for a run; its id."""
        run = create_run_for_test(
            self.instance,
            job_name=job,
            status=dg.DagsterRunStatus.NOT_STARTED,
            tags=dict(tags or {}),
            remote_job_origin=RemoteJobOrigin(_REPOSITORY, job),
        )
        self.instance.run_coordinator.submit_run(SubmitRunContext(run, self.workspace.create_request_context()))
        return run.run_id

    def look(self) -> None:
        """One round of the daemon."""
        list(self._daemon.run_iteration(self.workspace))

    def going(self) -> list[str]:
        """Ids of the runs that were handed to a worker and have not ended, the oldest first."""
        return [run.run_id for run in reversed(self.instance.get_runs(dg.RunsFilter(statuses=GOING)))]

    def end(self, run_id: str) -> None:
        """Let a run succeed."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name)
        self.instance.report_dagster_event(event, run_id)

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """As it is stored."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status


@contextmanager
def shipped_queue(folder: Path, served: WorkspaceLoadTarget | None = None) -> Iterator[Queue]:
    """The queue of ``dagster.yaml`` on SQLite in ``folder``.

    :param served: definitions for what reads them; none are needed to wait in a queue.
    """
    overrides = {
        "run_coordinator": SHIPPED["run_coordinator"],
        "run_monitoring": SHIPPED["run_monitoring"],
        "run_launcher": {"module": __name__, "class": NotedLauncher.__name__},
        "telemetry": {"enabled": False},
    }
    ref = InstanceRef.from_dir(str(folder), overrides=overrides)
    with (
        dg.DagsterInstance.from_ref(ref) as instance,
        create_test_daemon_workspace_context(served or EmptyWorkspaceTarget(), instance) as workspace,
    ):
        yield Queue(instance, workspace)
