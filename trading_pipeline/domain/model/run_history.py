"""Runs that have ended, and for how long they are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RunKind(StrEnum):
    """What a run is for: touching orders, comparing venue and ledger, or everything else."""

    ORDERS = "orders"
    RECONCILIATION = "reconciliation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that nothing more will happen to.

    :param succeeded: false where it failed or was cancelled.
    :param ended_at: wall time.
    """

    run_id: str
    kind: RunKind
    succeeded: bool
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages after which runs go, counted from their end.

    :param runs: of waves, marts, backfills, research, and of reconciliations that failed.
    :param order_runs: of everything that touched orders: the audit trail.
    :param quiet_runs: of reconciliations that found nothing and did nothing.
    """

    runs: timedelta
    order_runs: timedelta
    quiet_runs: timedelta

    @property
    def shortest(self) -> timedelta:
        """The age below which nothing goes."""
        return min(self.runs, self.order_runs, self.quiet_runs)

    def age(self, run: EndedRun, *, wrote: bool) -> timedelta:
        """The age at which the run goes.

        :param wrote: whether it wrote to the ledger.
        """
        if wrote or run.kind is RunKind.ORDERS:
            return self.order_runs
        if run.kind is RunKind.RECONCILIATION and run.succeeded:
            return self.quiet_runs
        return self.runs
