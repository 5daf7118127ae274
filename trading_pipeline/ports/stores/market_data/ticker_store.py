"""What stood in tickers, and when."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.tickers import Ticker


class TickerStore(ABC):
    """The table ``tickers``, append-only; what is too old leaves it by ``Retained``."""

    @abstractmethod
    def append(self, tickers: Sequence[Ticker]) -> None:
        """Keep them; the first of an instrument and instant stands."""

    @abstractmethod
    def newest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Ticker]:
        """The last ticker of each instrument that has one."""
