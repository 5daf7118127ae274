"""Book samples in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import book_samples
from trading_pipeline.domain.model.books import BookReading, BookSample
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore

_NUMBERS = tuple(one.name for one in fields(BookReading) if one.name != "at")


class PostgresBookSampleStore(BookSampleStore):
    """Inserts and reads; nothing is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, sample: BookSample) -> None:
        """Insert unless the instrument has one at that close."""
        reading = sample.reading
        values = {"instrument_id": sample.instrument_id, "close_time": sample.close_time, "book_at": reading.at}
        numbers = {name: getattr(reading, name) for name in _NUMBERS}
        with self._engine.begin() as connection:
            connection.execute(insert(book_samples).values(**values, **numbers).on_conflict_do_nothing())

    def samples(self, instrument_id: InstrumentId, first: datetime, last: datetime) -> Sequence[BookSample]:
        """Read by close, oldest first."""
        wanted = select(book_samples).where(
            book_samples.c.instrument_id == instrument_id, book_samples.c.close_time.between(first, last)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(book_samples.c.close_time)).all()
        return [
            BookSample(
                InstrumentId(row.instrument_id),
                row.close_time,
                BookReading(row.book_at, **{name: getattr(row, name) for name in _NUMBERS}),
            )
            for row in rows
        ]
