"""Bars that were heard, held against what REST says of them now."""

from datetime import datetime

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.venue.market_data import MarketData

_NEWEST = 3
"""Bars of a series that are compared: a venue that corrects a bar does so within minutes."""


def bars_told_otherwise(
    store: RawBarStore, market_data: MarketData, instrument_id: InstrumentId, timeframe: Timeframe, now: datetime
) -> list[Bar]:
    """The newest closed bars of a series that REST tells otherwise than they are stored; those that lack are left out.

    :param now: venue time, UTC.
    :raises TemporaryVenueError: the venue does not answer.
    :raises ConfigurationError: it does not know the series.
    """
    end = timeframe.floor(now)
    start = end - _NEWEST * timeframe.duration
    stored = {bar.open_time: bar for bar in store.raw_bars([instrument_id], timeframe, start, end)}
    # What is not stored at all is for gap filling, so without a stored bar there is nothing to ask.
    said = market_data.bars(instrument_id, timeframe, start, end) if stored else []
    return [bar for bar in said if bar.open_time in stored and bar != stored[bar.open_time]]
