"""Stored records, for looking at."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import Position, RecordCollection, RecordPage, RecordQuestion


class RecordReader(ABC):
    """Reads, never writes; asks no venue."""

    @property
    @abstractmethod
    def collections(self) -> Mapping[str, RecordCollection]:
        """What there is, by name."""

    @abstractmethod
    def page(self, question: RecordQuestion, after: Position | None) -> RecordPage:
        """The next records of a question, each at most once over all pages.

        Newest first, every record that was there when the first page was read comes; from the oldest on, so do those
        that were stored meanwhile behind the position.

        :raises ConfigurationError: the position has a value that its field cannot have.
        """

    @abstractmethod
    def one(self, collection: RecordCollection, identity: str) -> Mapping[str, object] | None:
        """The record of that id."""

    @abstractmethod
    def instrument_ids(self) -> Sequence[InstrumentId]:
        """Every instrument that anything was ever stored about."""
