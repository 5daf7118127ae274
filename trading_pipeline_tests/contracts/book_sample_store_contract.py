"""What ``BookSampleStore`` promises, whoever keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.books import BookReading, BookSample
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore

CLOSE = datetime(2025, 6, 1, 12, 5, tzinfo=UTC)
STEP = timedelta(minutes=5)
READING = BookReading(CLOSE, Decimal("1.25"), Decimal("1000000.5"), Decimal("-0.123456789"), Decimal("0.01"))
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")


class BookSampleStoreContract:
    """Give the fixture ``books``, which is empty."""

    def test_samples_come_back_exactly_oldest_first_with_both_ends(self, books: BookSampleStore) -> None:
        for step in (3, 1, 0, 2):
            books.append(BookSample(BTC, CLOSE + step * STEP, READING))
        assert list(books.samples(BTC, CLOSE + STEP, CLOSE + 2 * STEP)) == [
            BookSample(BTC, CLOSE + STEP, READING),
            BookSample(BTC, CLOSE + 2 * STEP, READING),
        ]

    def test_instruments_are_kept_apart(self, books: BookSampleStore) -> None:
        books.append(BookSample(SOL, CLOSE, READING))
        assert list(books.samples(BTC, CLOSE, CLOSE)) == []
        books.append(BookSample(BTC, CLOSE, READING))
        assert list(books.samples(SOL, CLOSE, CLOSE)) == [BookSample(SOL, CLOSE, READING)]

    def test_the_first_word_about_a_close_stands(self, books: BookSampleStore) -> None:
        first = BookSample(BTC, CLOSE, READING)
        books.append(first)
        books.append(replace(first, reading=replace(READING, spread_bps=Decimal(9))))
        assert list(books.samples(BTC, CLOSE, CLOSE)) == [first]
