"""How often a piece of work was tried: a run key is used once for ever, so a second try needs a new one."""

from collections.abc import Sequence

import dagster as dg

LONGEST_SERIES = 20
"""Runs of one work after which it is left to people."""
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def next_attempt(instance: dg.DagsterInstance, work: str) -> int | None:
    """Number of the next run for the work named by the run tag ``work``.

    ``None`` while a run of it is on its way, or when it is not to go on by itself: after too many tries, whose failed
    runs are the alarm, or because somebody terminated the last one.
    """
    runs = _newest_first(instance, work)
    # The number of tries so far makes the next run key, which then differs from all of theirs.
    return len(runs) if all(run.is_finished for run in runs) and not _ended_for_good(runs) else None


def given_up(instance: dg.DagsterInstance, work: str) -> bool:
    """Whether no run of the work is requested any more."""
    runs = _newest_first(instance, work)
    return all(run.is_finished for run in runs) and _ended_for_good(runs)


def under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is queued or running."""
    going = [status for status in dg.DagsterRunStatus if status not in _ENDED]
    return bool(instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=going), limit=1))


def _newest_first(instance: dg.DagsterInstance, work: str) -> Sequence[dg.DagsterRun]:
    return instance.get_runs(dg.RunsFilter(tags={"work": work}), limit=LONGEST_SERIES)


def _ended_for_good(runs: Sequence[dg.DagsterRun]) -> bool:
    return len(runs) >= LONGEST_SERIES or any(run.status is dg.DagsterRunStatus.CANCELED for run in runs[:1])
