"""What a venue keeps of a contract's past beside its bars: funding, open interest, mark prices.

Each of them is a series: one row an instrument and instant, final once it is there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId

HOUR = timedelta(hours=1)
"""Step of open interest and mark bars."""
LONGEST_FUNDING = timedelta(hours=8)
"""Between two settlements: venues settle every 1, 2, 4 or 8 hours, and may change it."""


@dataclass(frozen=True, slots=True)
class FundingRate:
    """A settlement.

    :param at: when it was settled, UTC.
    :param rate: fraction of the position's value that longs paid shorts.
    """

    instrument_id: InstrumentId
    at: datetime
    rate: Decimal


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Contracts held at an instant, in base currency."""

    instrument_id: InstrumentId
    at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class MarkBar:
    """The mark price over an hour, in quote currency; nothing is traded at it.

    :param at: when the hour began, UTC.
    """

    instrument_id: InstrumentId
    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


SeriesRow = FundingRate | OpenInterest | MarkBar
