"""What was noticed about market data."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.quality import QualityEvent


class QualityStore(ABC):
    """The table ``quality_events``, append-only."""

    @abstractmethod
    def record(self, events: Sequence[QualityEvent]) -> list[QualityEvent]:
        """Keep events that were not noticed before.

        :returns: those, in the order given.
        """

    @abstractmethod
    def since(self, at: datetime) -> list[QualityEvent]:
        """Events from a venue time (UTC) on, oldest first."""
