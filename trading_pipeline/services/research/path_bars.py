"""Finer bars of the venue, along which prices are taken to have moved inside a bar."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.model.bars import OHLCV, Bar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.market_data import MarketData


def path_bars(
    market_data: MarketData,
    instrument_ids: Iterable[InstrumentId],
    timeframe: Timeframe,
    start: datetime,
    end: datetime,
) -> dict[InstrumentId, pd.DataFrame]:
    """Bars that open in the range (UTC), by instrument; one without any is left out.

    :raises VenueError: the venue does not answer, or does not know an instrument.
    """
    found = {one: market_data.bars(one, timeframe, start, end) for one in instrument_ids}
    return {instrument_id: _frame(bars) for instrument_id, bars in found.items() if bars}


def _frame(bars: Sequence[Bar]) -> pd.DataFrame:
    """Prices as float64, times in UTC."""
    columns = {name: [float(getattr(bar, name)) for bar in bars] for name in OHLCV}
    times = {name: [getattr(bar, name) for bar in bars] for name in ("open_time", "close_time")}
    return pd.DataFrame({"instrument_id": [bar.instrument_id for bar in bars], **times, **columns})
