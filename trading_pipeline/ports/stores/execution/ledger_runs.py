"""Which runs the ledger's rows lead to."""

from abc import ABC, abstractmethod
from collections.abc import Collection


class LedgerRuns(ABC):
    """Reads, never writes."""

    @abstractmethod
    def writers(self, run_ids: Collection[str]) -> set[str]:
        """Those of the runs whose id stands on a plan, order, fill, position, halt, difference or command."""
