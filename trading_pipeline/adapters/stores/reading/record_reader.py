"""Records by keyset: a page begins behind the last record of the one before, wherever that stands by now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, Select, literal, select, tuple_

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import listings
from trading_pipeline.adapters.stores.reading.catalogue import READABLE
from trading_pipeline.adapters.stores.reading.readable import Readable
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import FieldKind, Position, RecordCollection, RecordPage, RecordQuestion
from trading_pipeline.ports.stores.operations.record_reader import RecordReader

Rows = Select[*tuple[Any, ...]]
_READ: dict[FieldKind, Callable[[str], object]] = {
    FieldKind.INSTANT: datetime.fromisoformat,
    FieldKind.COUNT: int,
    FieldKind.TEXT: str,
}
"""A value of an order out of its text."""


class PostgresRecordReader(RecordReader):
    """The collections of ``catalogue``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @cached_property
    def collections(self) -> Mapping[str, RecordCollection]:
        """Of the catalogue."""
        return {name: one.collection for name, one in READABLE.items()}

    def page(self, question: RecordQuestion, after: Position | None) -> RecordPage:
        """One query; one record more than asked for tells whether there is a next page."""
        found = READABLE[question.collection]
        query = _behind(_chosen(found, question), found, question, after).limit(question.limit + 1)
        with reading(self._engine) as connection:
            found_rows = connection.execute(query)
            names = tuple(found_rows.keys())
            # a row's own mapping looks each name up, which takes longer than to ask the database
            rows = [dict(zip(names, row, strict=True)) for row in found_rows]
        items = rows[: question.limit]
        more = len(rows) > question.limit
        return RecordPage(items, _position(found.collection, items[-1]) if more else None)

    def one(self, collection: RecordCollection, identity: str) -> Mapping[str, object] | None:
        """Select by the identity."""
        found = READABLE[collection.name]
        query = select(*found.columns.values()).where(found.columns[collection.identity] == identity)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else dict(row._mapping)

    def instrument_ids(self) -> Sequence[InstrumentId]:
        """Of every instrument of which bars were asked for it is known since when there are any."""
        query = select(listings.c.instrument_id).distinct().order_by(listings.c.instrument_id)
        with reading(self._engine) as connection:
            return [InstrumentId(row.instrument_id) for row in connection.execute(query)]


def _chosen(found: Readable, question: RecordQuestion) -> Rows:
    time = found.columns[found.collection.order[0]]
    fixed = [found.columns[name] == value for name, value in question.filters.items()]
    query: Rows = select(*found.columns.values()).where(*fixed)
    if question.since is not None:
        query = query.where(time >= question.since)
    if question.until is not None:
        query = query.where(time < question.until)
    order = [found.columns[name] for name in found.collection.order]
    return query.order_by(*(column.desc() if question.newest_first else column.asc() for column in order))


def _behind(query: Rows, found: Readable, question: RecordQuestion, after: Position | None) -> Rows:
    if after is None:
        return query
    columns = [found.columns[name] for name in found.collection.order]
    values = _values(found.collection, after)
    place = tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))
    # The bound of the first column says nothing new; it is what an index on time alone can follow.
    if question.newest_first:
        return query.where(columns[0] <= values[0], tuple_(*columns) < place)
    return query.where(columns[0] >= values[0], tuple_(*columns) > place)


def _position(collection: RecordCollection, row: Mapping[str, object]) -> Position:
    values = (row[name] for name in collection.order)
    return Position(tuple(one.isoformat() if isinstance(one, datetime) else str(one) for one in values))


def _values(collection: RecordCollection, after: Position) -> list[Any]:
    kinds = {one.name: one.kind for one in collection.fields}
    try:
        return [_READ[kinds[name]](text) for name, text in zip(collection.order, after.values, strict=True)]
    except ValueError as error:
        raise ConfigurationError(f"a cursor that this list never gave: {error}") from error
