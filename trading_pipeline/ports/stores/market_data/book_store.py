"""What the order book said at closes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.books import BookSample
from trading_pipeline.domain.model.identity import InstrumentId


class BookSampleStore(ABC):
    """The table ``book_samples``, append-only."""

    @abstractmethod
    def append(self, sample: BookSample) -> None:
        """Keep a sample; the first about an instrument and close stands."""

    @abstractmethod
    def samples(self, instrument_id: InstrumentId, first: datetime, last: datetime) -> Sequence[BookSample]:
        """Samples at closes from ``first`` to ``last``, both included, oldest first."""
