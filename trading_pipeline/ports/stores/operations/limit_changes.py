"""The record of changed limits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from trading_pipeline.domain.model.limit_changes import LimitChange, StandingChange


class LimitChanges(ABC):
    """Grows only; the newest change of each limit decides."""

    @abstractmethod
    def standing(self) -> Sequence[StandingChange]:
        """Those that lie over the file, by key."""

    @abstractmethod
    def newest(self) -> int:
        """Number of the newest change, whether it stands or not; 0 before the first."""

    @abstractmethod
    def append(self, changes: Sequence[LimitChange], after: int) -> None:
        """Write changes that were judged together, and each on the audit trail, or none.

        :param after: the newest change that was there when they were judged.
        :raises DataError: somebody has changed something since.
        """
