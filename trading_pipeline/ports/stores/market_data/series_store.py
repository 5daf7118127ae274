"""Series that a venue keeps beside bars."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import SeriesRow

RowT = TypeVar("RowT", bound=SeriesRow)


class SeriesStore(ABC, Generic[RowT]):
    """One table: a row an instrument and instant."""

    @abstractmethod
    def write(self, rows: Sequence[RowT]) -> int:
        """Add what is not there, and replace what was told otherwise.

        :returns: how many rows are new or changed.
        """

    @abstractmethod
    def instants(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[datetime]]:
        """By instrument the instants that are stored, ascending; instruments without any are left out."""
