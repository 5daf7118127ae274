"""How often a piece of work was tried: a run key is used once for ever, so a second try needs a new one."""

import dagster as dg

LONGEST_SERIES = 20
"""Runs of one work after which it is left to people."""
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def next_attempt(instance: dg.DagsterInstance, work: str) -> int | None:
    """Number of the next run for the work named by the run tag ``work``.

    ``None`` while a run of it is on its way, or when it has been tried too often to go on by itself:
    then its failed runs are the alarm.
    """
    runs = instance.get_runs(dg.RunsFilter(tags={"work": work}), limit=LONGEST_SERIES)
    if any(not run.is_finished for run in runs) or len(runs) >= LONGEST_SERIES:
        return None
    return len(runs)


def given_up(instance: dg.DagsterInstance, work: str) -> bool:
    """Whether the work was tried so often that no run of it is requested any more."""
    runs = instance.get_runs(dg.RunsFilter(tags={"work": work}), limit=LONGEST_SERIES)
    return len(runs) >= LONGEST_SERIES and all(run.is_finished for run in runs)


def under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is queued or running."""
    going = [status for status in dg.DagsterRunStatus if status not in _ENDED]
    return bool(instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=going), limit=1))
