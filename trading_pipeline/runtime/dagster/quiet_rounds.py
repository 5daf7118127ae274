"""Rounds of Dagster's daemon that end after one question where there is nothing to do.

Its round over queued runs loads first those that are going on, its round over backfills asks once for each of three
states. At rest one statement says that nothing waits. See docs/decisions/0128.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.workspace.context import IWorkspaceProcessContext

_GOING = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]

Round = Callable[..., Iterable[Any]]
"""One of Dagster's own; what it yields are errors, and pauses in which the daemon may give a sign of life."""


def where_runs_wait(round_over_queue: Round) -> Round:
    """The round over the queue, a method of Dagster's daemon, left out while no run is queued."""

    def run_iteration(daemon: Any, workspace: IWorkspaceProcessContext[Any], **named: Any) -> Iterator[Any]:
        if _a_run_waits(workspace.instance):
            yield from round_over_queue(daemon, workspace, **named)

    return run_iteration


def where_backfills_go_on(round_over_backfills: Round) -> Round:
    """The round over backfills, left out while there is none to go on with."""

    def execute(workspace: IWorkspaceProcessContext[Any], *arguments: Any, **named: Any) -> Iterator[Any]:
        if _a_backfill_goes_on(workspace.instance):
            yield from round_over_backfills(workspace, *arguments, **named)

    return execute


def _a_run_waits(instance: DagsterInstance) -> bool:
    return bool(instance.get_run_ids(RunsFilter(statuses=[DagsterRunStatus.QUEUED]), limit=1))


def _a_backfill_goes_on(instance: DagsterInstance) -> bool:
    return bool(instance.get_backfills(filters=BulkActionsFilter(statuses=_GOING), limit=1))
