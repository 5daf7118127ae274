"""The runs that the orchestrator remembers."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from trading_pipeline.domain.model.run_history import EndedRun


class RunHistory(ABC):
    """Runs with their events, logs and folders."""

    @abstractmethod
    def ended(self, before: datetime) -> Iterator[Sequence[EndedRun]]:
        """Every run that ended before a wall time, oldest first, in portions; those of a portion may be removed.

        A run that waits or is under way is never among them.
        """

    @abstractmethod
    def told_of_ledger(self, run_ids: Collection[str]) -> set[str]:
        """Those of the runs that reported orders, fills, positions, differences or halts."""

    @abstractmethod
    def needed(self, run_ids: Collection[str]) -> set[str]:
        """Those of the runs by which something is known that nothing newer tells.

        That is the newest event of an asset or a partition, the newest verdict of a check, or that work was given up.
        """

    @abstractmethod
    def remove(self, run_ids: Collection[str]) -> None:
        """Delete the runs with all that belongs to them; done half, it may be done again."""
