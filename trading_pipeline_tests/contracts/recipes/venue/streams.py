"""The toy venue's WebSockets, on which nothing is ever said."""

import json
from collections.abc import Iterator, Sequence

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.streams import MarketStream, VenueStream


class ToyAccountStream(VenueStream):
    """No order is told before it is asked about."""

    url = "ws://toy.invalid/account"
    ping = "{}"
    ping_s = 20.0

    def handshake_messages(self) -> Iterator[str]:
        """None are needed."""
        return iter(())

    def read(self, raw: str | bytes) -> StreamUpdate:
        """Any JSON means nothing."""
        try:
            json.loads(raw)
        except ValueError as error:
            raise DataError(f"not JSON: {error}") from error
        return StreamUpdate()


class ToyMarketStream(ToyAccountStream, MarketStream):
    """No bar closes while the clock stands."""

    url = "ws://toy.invalid/market"

    def __init__(self, timeframes: Sequence[Timeframe]) -> None:
        self.timeframes = tuple(timeframes)
