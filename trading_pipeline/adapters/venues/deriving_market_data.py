"""A venue's market data with the bar lengths that it does not publish."""

from datetime import datetime
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.derived_bars import Derivations, derived_bars
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.market_data import MarketData

if TYPE_CHECKING:
    from trading_pipeline.domain.model.written_bars import WrittenBars


class DerivingMarketData(MarketData):
    """Asks for shorter bars and joins them; everything else is the venue's own answer."""

    def __init__(self, venue: MarketData, derivations: Derivations) -> None:
        self._venue = venue
        self._derivations = derivations

    def server_time(self) -> datetime:
        """The venue's clock, aware UTC."""
        return self._venue.server_time()

    def bars(self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """Closed bars opening in ``[start, end)``; derived ones only where every part has closed and is there."""
        base = self._derivations.get(timeframe)
        if base is None:
            return self._venue.bars(instrument_id, timeframe, start, end)
        first = timeframe.floor(start)
        if first < start:
            first += timeframe.duration
        last = timeframe.floor(end)
        if last < end:
            last += timeframe.duration  # the last bar that opens in time closes after ``end``
        return derived_bars(self._venue.bars(instrument_id, base, first, last), timeframe)

    def written_bars(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start: datetime, end: datetime
    ) -> "WrittenBars":
        """The venue's own digits, where the bars are not derived."""
        if timeframe in self._derivations:
            return super().written_bars(instrument_id, timeframe, start, end)
        return self._venue.written_bars(instrument_id, timeframe, start, end)

    def instruments(self) -> dict[InstrumentId, Instrument]:
        """What the venue lists."""
        return self._venue.instruments()
