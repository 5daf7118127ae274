"""A bar closed: keep what the order book says now."""

from datetime import datetime, timedelta

from trading_pipeline.domain.indicators.order_book import reading_of
from trading_pipeline.domain.model.books import BookSample
from trading_pipeline.domain.model.errors import StaleDataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore
from trading_pipeline.ports.venue.market_data import LiveMarket

MAX_DISTANCE = timedelta(seconds=5)
"""Between the close and the venue time of the book that stands for it."""


def sample_book(
    market: LiveMarket, store: BookSampleStore, instrument_id: InstrumentId, close_time: datetime
) -> BookSample:
    """Ask for the book and keep its reading as that of the close.

    :raises StaleDataError: the book is more than five seconds away from the close; nothing is kept.
    :raises DataError: the book has one side only or is crossed.
    """
    reading = reading_of(market.order_book(instrument_id))
    distance = reading.at - close_time
    # Either way: a book of well after the close knows what the decision must not.
    if abs(distance) > MAX_DISTANCE:
        raise StaleDataError(
            f"the book of {instrument_id} is {distance.total_seconds():.1f} s from the close "
            f"{close_time:%Y-%m-%d %H:%M} UTC, "
            f"more than {MAX_DISTANCE.total_seconds():.0f} s: the book at that close stays unknown"
        )
    sample = BookSample(instrument_id, close_time, reading)
    store.append(sample)
    return sample
