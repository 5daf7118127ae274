"""How often a piece of work was tried: a run key is used once for ever, so a second try needs a new one.

Work is tried again after a pause of a tenth of the time for which it has been tried, so that an outage costs a tenth
of its length more, and not a run every second; until it is of no use any more.
"""

from dataclasses import dataclass
from datetime import timedelta

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord

LIVES = "lives_s"
"""Run tag: wall seconds, from the first try on, for which work is worth trying."""

_LIVES_S = 3600.0
_PAUSE_SHARE = 0.1
# More than a day's tries with pauses of a tenth.
_MOST_TRIES = 200
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class _Series:
    """The runs of one work so far; instants are wall seconds since 1970."""

    tries: int
    going: bool
    terminated: bool
    began_s: float
    ended_s: float
    lives_s: float

    def over(self, now_s: float) -> bool:
        """Whether it is not to go on by itself."""
        return not self.going and (self.terminated or self.outlived(now_s))

    def outlived(self, now_s: float) -> bool:
        """Whether a run that begins now would be of no use."""
        return self.tries >= _MOST_TRIES or now_s - self.began_s >= self.lives_s

    def pausing(self, now_s: float) -> bool:
        """Whether it is too early for the next try."""
        return now_s < self.ended_s + _PAUSE_SHARE * (self.ended_s - self.began_s)


def lives(useful: timedelta) -> dict[str, str]:
    """The tag that tells for how long work is worth trying."""
    return {LIVES: f"{useful.total_seconds():.0f}"}


def next_attempt(instance: dg.DagsterInstance, work: str, now_s: float) -> int | None:
    """Number of the next run for the work named by the run tag ``work``.

    ``None`` while a run of it is on its way, while it pauses, or when it is not to go on by itself: because it is of no
    use any more, or because somebody terminated the last run.

    :param now_s: wall seconds since 1970.
    """
    series = _series(instance, work)
    if series is None:
        return 0
    if series.going or series.over(now_s) or series.pausing(now_s):
        return None
    # The number of tries so far makes the next run key, which then differs from all of theirs.
    return series.tries


def given_up(instance: dg.DagsterInstance, work: str, now_s: float) -> bool:
    """Whether no run of the work is requested any more."""
    series = _series(instance, work)
    return series is not None and series.over(now_s)


def rests(instance: dg.DagsterInstance, work: str, now_s: float) -> bool:
    """Whether no run of the work is on its way or due: it pauses after a failure, or was given up."""
    series = _series(instance, work)
    return series is not None and not series.going and (series.over(now_s) or series.pausing(now_s))


def outlived(instance: dg.DagsterInstance, work: str, now_s: float) -> bool:
    """Whether the work was tried in vain until it was of no use any more; what a person terminated was not."""
    series = _series(instance, work)
    return series is not None and not (series.going or series.terminated) and series.outlived(now_s)


def under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is queued or running."""
    going = [status for status in dg.DagsterRunStatus if status not in _ENDED]
    return bool(instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=going), limit=1))


def _series(instance: dg.DagsterInstance, work: str) -> _Series | None:
    records = instance.get_run_records(dg.RunsFilter(tags={"work": work}), limit=_MOST_TRIES)
    if not records:
        return None
    newest, first = records[0], records[-1]
    return _Series(
        tries=len(records),
        going=not all(record.dagster_run.is_finished for record in records),
        terminated=newest.dagster_run.status is dg.DagsterRunStatus.CANCELED,
        began_s=first.create_timestamp.timestamp(),
        ended_s=_ended_s(newest),
        lives_s=float(newest.dagster_run.tags.get(LIVES, _LIVES_S)),
    )


def _ended_s(record: RunRecord) -> float:
    return record.end_time or record.update_timestamp.timestamp()
