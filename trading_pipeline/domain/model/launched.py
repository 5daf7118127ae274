"""Work that was handed to the orchestrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class LaunchedJob:
    """A run that goes on by itself.

    :param page: its address in the Dagster UI.
    """

    job: str
    run_id: str
    page: str


class RunState(StrEnum):
    """How a run stands, in Dagster's words."""

    QUEUED = "queued"
    NOT_STARTED = "not_started"
    STARTING = "starting"
    STARTED = "started"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELING = "canceling"
    CANCELED = "canceled"
    MANAGED = "managed"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run as the orchestrator knows it; times are wall time, UTC.

    :param started_at: ``None`` while it waits, ``ended_at`` until it is over.
    :param page: its address in the Dagster UI.
    """

    run_id: str
    job: str
    state: RunState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    tags: Mapping[str, str]
    page: str


@dataclass(frozen=True, slots=True)
class RunsQuestion:
    """Which runs, newest first.

    :param run_id: only this one; empty for any.
    :param job: only of this job; empty for any.
    :param state: only those that stand so; ``None`` for any.
    :param after: the run that the page before ended with; empty for the first page.
    """

    run_id: str = ""
    job: str = ""
    state: RunState | None = None
    after: str = ""
    limit: int = 100
