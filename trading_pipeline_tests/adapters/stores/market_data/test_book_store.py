"""Book samples in a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.domain.model.books import BookReading, BookSample

CLOSE = datetime(2025, 6, 1, 12, 5, tzinfo=UTC)
READING = BookReading(CLOSE, Decimal("1.25"), Decimal("1000000.5"), Decimal("-0.123456789"), Decimal("0.01"))


def test_samples_come_back_exactly_and_in_order(database: Engine) -> None:
    store = PostgresBookSampleStore(database)
    closes = [CLOSE + step * timedelta(minutes=5) for step in range(4)]
    for close in reversed(closes):
        store.append(BookSample("BTCUSDT.BYBIT", close, READING))
    store.append(BookSample("SOLUSDT.BYBIT", closes[1], READING))
    assert store.samples("BTCUSDT.BYBIT", closes[1], closes[2]) == [
        BookSample("BTCUSDT.BYBIT", close, READING) for close in closes[1:3]
    ]


def test_the_first_word_about_a_close_stands(database: Engine) -> None:
    store, first = PostgresBookSampleStore(database), BookSample("BTCUSDT.BYBIT", CLOSE, READING)
    store.append(first)
    store.append(replace(first, reading=replace(READING, spread_bps=Decimal(9))))
    assert store.samples("BTCUSDT.BYBIT", CLOSE, CLOSE) == [first]
