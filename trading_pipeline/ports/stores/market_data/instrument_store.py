"""What the venue lists, as it said last."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument


class InstrumentStore(ABC):
    """The table ``instruments``: one row an instrument that was ever listed."""

    @abstractmethod
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """All of them."""

    @abstractmethod
    def write(self, instruments: Iterable[Instrument], read_at: datetime) -> None:
        """Replace or add.

        :param read_at: venue time of the answer, UTC.
        """
