"""Reading markets: their history, and their present moment."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.books import OrderBook
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe

if TYPE_CHECKING:
    from trading_pipeline.domain.model.written_bars import WrittenBars


class MarketData(ABC):
    """Public data of one venue. Every method may raise ``TemporaryVenueError`` or ``TurnedAway``."""

    @abstractmethod
    def server_time(self) -> datetime:
        """The venue's clock, aware UTC."""

    @abstractmethod
    def bars(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Closed bars whose open time (UTC) lies in ``[start, end)``, oldest first.

        Pages as often as needed. The bar still forming is never returned.

        :raises ConfigurationError: the venue does not know the instrument or timeframe.
        """

    def written_bars(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime
    ) -> "WrittenBars":
        """What ``bars`` returns, for many of them: without an object for each."""
        # here, as processes that hear bars one by one do without numpy
        from trading_pipeline.domain.model.written_bars import WrittenBars

        return WrittenBars.of_bars(instrument_id, timeframe, self.bars(instrument_id, timeframe, start, end))

    @abstractmethod
    def instruments(self) -> dict[InstrumentId, Instrument]:
        """Everything that is listed, by identity, with its status and the fees of whoever asks.

        Where the venue tells an account its own fees and the adapter has its key, these; else those that the venue has
        published for everybody.
        """


class LiveMarket(ABC):
    """The present moment of one venue's markets. Every method may raise ``TemporaryVenueError`` or ``TurnedAway``.

    :raises ConfigurationError: from every method, when the venue does not know the instrument.
    """

    @abstractmethod
    def order_book(self, instrument_id: InstrumentId) -> OrderBook:
        """The best levels of both sides (price in quote, quantity in base currency), with the book's venue time."""

    @abstractmethod
    def next_funding(self, instrument_id: InstrumentId) -> datetime:
        """When funding is settled next, UTC."""
