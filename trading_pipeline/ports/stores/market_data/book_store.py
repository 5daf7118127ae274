"""What the order book said at closes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.books import BookSample


class BookSampleStore(ABC):
    """The table ``book_samples``, append-only."""

    @abstractmethod
    def append(self, sample: BookSample) -> None:
        """Keep a sample; the first about a symbol and close stands."""

    @abstractmethod
    def samples(self, symbol: str, first: datetime, last: datetime) -> Sequence[BookSample]:
        """Samples at closes from ``first`` to ``last``, both included, oldest first."""
