"""Remove runs that have outlived their use."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.run_history import EndedRun, Retention, RunKind
from trading_pipeline.ports.stores.execution.ledger_runs import LedgerRuns
from trading_pipeline.ports.stores.operations.run_history import RunHistory


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What a purge did.

    :param removed: runs by kind.
    :param needed: runs of that age that stay, because nothing newer tells what they tell.
    :param complete: false where it stopped at its limit with more to remove.
    """

    removed: dict[RunKind, int]
    needed: int
    complete: bool


def purge_runs(
    *, history: RunHistory, ledger_runs: LedgerRuns, retention: Retention, now: datetime, most: int
) -> PurgeResult:
    """Remove every run beyond its age, unless something is known by it alone.

    May be killed anywhere and called again; a second call in a row finds nothing to do.

    :param now: wall time, as the orchestrator dates its runs.
    :param most: runs after whose removal it stops, so that a backlog does not hold its place for hours.
    """
    removed: Counter[RunKind] = Counter()
    needed = 0
    for ended in history.ended(now - retention.shortest):
        due = _due(history, ledger_runs, retention, now, ended)
        # Asked portion by portion, as what is needed changes with what has gone before.
        kept = history.needed([run.run_id for run in due]) if due else set()
        going = [run for run in due if run.run_id not in kept]
        share = going[: most - removed.total()]
        history.remove([run.run_id for run in share])
        removed.update(run.kind for run in share)
        needed += len(kept)
        if len(share) < len(going):
            return PurgeResult(dict(removed), needed, complete=False)
    return PurgeResult(dict(removed), needed, complete=True)


def _due(
    history: RunHistory, ledger_runs: LedgerRuns, retention: Retention, now: datetime, ended: Sequence[EndedRun]
) -> list[EndedRun]:
    """Those beyond their age; who wrote to the ledger is asked where it decides."""
    old = [run for run in ended if now - run.ended_at > retention.age(run, wrote=False)]
    # Runs about orders have their age by their kind alone; of the others it depends on what they wrote.
    asked = [run.run_id for run in old if run.kind is not RunKind.ORDERS]
    wrote = history.told_of_ledger(asked) | ledger_runs.writers(asked) if asked else set()
    return [run for run in old if now - run.ended_at > retention.age(run, wrote=run.run_id in wrote)]
