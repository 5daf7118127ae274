"""The record of who did what."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from trading_pipeline.domain.model.audit import AuditEntry, AuditRecord


class AuditTrail(ABC):
    """Grows only, one record after the other."""

    @abstractmethod
    def append(self, entry: AuditEntry) -> None:
        """Write the next record of the chain; who comes second waits for the first."""

    @abstractmethod
    def records(self) -> Iterator[AuditRecord]:
        """The whole chain from its beginning, without holding it in memory."""
