"""A venue's WebSockets as descriptions: who keeps one open needs no word of the venue's language."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Self

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe


class VenueStream(ABC):
    """One WebSocket: where it is, how it is opened and kept alive, and what its frames mean. Connects nothing.

    A stream that is more than the venue takes over one connection is opened in its ``parts``.

    :ivar url: address.
    :ivar ping: the message that keeps the connection alive.
    :ivar ping_s: seconds between two of them; the venue answers each.
    """

    url: str
    ping: str
    ping_s: float

    @abstractmethod
    def handshake_messages(self) -> Iterator[str]:
        """Messages to send after connecting; each has to be accepted before the next leaves.

        :raises ConfigurationError: the stream needs a key and there is none.
        """

    def parts(self) -> Sequence[Self]:
        """The same over as many connections as the venue's limits ask for: itself, where one carries everything."""
        return (self,)

    @abstractmethod
    def read(self, raw: str | bytes) -> StreamReply | StreamUpdate:
        """What one frame means; bars that are still forming are left out.

        :raises DataError: the frame, or a part of it that matters, cannot be read. Nothing of it is used then.
        """


class MarketStream(VenueStream):
    """Closed bars of some instruments.

    :ivar timeframes: those asked for of which the venue publishes bars; the others come from elsewhere.
    """

    timeframes: tuple[Timeframe, ...]


class ConditionsStream(VenueStream):
    """What stands between bars: tickers, books, trades."""

    @abstractmethod
    def resync_messages(self, instrument_id: InstrumentId) -> tuple[str, ...]:
        """Messages after which the instrument's book is told whole."""
