"""A bar, and the column names bars have when they travel as a frame.

A frame of bars has the columns of ``BAR_COLUMNS``: ``instrument_id`` text, ``open_time`` and ``close_time``
as UTC timestamps, the rest float64. It is sorted by instrument and open time. Prices are in quote
currency, ``volume`` in base currency, ``turnover`` in quote currency.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

OHLCV = ("open", "high", "low", "close", "volume")
BAR_COLUMNS = ("instrument_id", "open_time", "close_time", *OHLCV, "turnover")


class BarSource(StrEnum):
    """Where a raw bar came from, in the order in which they count.

    ``MENDED`` was written by a person; ``DERIVED`` was made of stored bars of a shorter timeframe.
    """

    MENDED = "mended"

    WEBSOCKET = "websocket"
    REST = "rest"
    FILE = "file"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar, confirmed by the venue.

    ``close_time`` is the closing instant, ``open_time + timeframe.duration``; the venue's ``end``
    field is one millisecond less.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal

    @property
    def close_time(self) -> datetime:
        """The closing instant (UTC)."""
        return self.open_time + self.timeframe.duration
