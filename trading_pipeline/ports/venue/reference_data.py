"""Reading what a venue keeps of contracts beside their bars."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import FundingRate, MarkBar, OpenInterest


class ReferenceData(ABC):
    """Series of one venue's contracts, each oldest first, of instants (UTC) in ``[start, end)``; needs no key.

    Every method may raise ``TemporaryVenueError`` or ``TurnedAway``.

    :raises ConfigurationError: from every method, when the venue does not know the instrument.
    """

    @abstractmethod
    def funding_rates(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[FundingRate]:
        """Settlements that have happened."""

    @abstractmethod
    def open_interest(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[OpenInterest]:
        """At each full hour."""

    @abstractmethod
    def mark_bars(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[MarkBar]:
        """Of each hour that has ended."""
