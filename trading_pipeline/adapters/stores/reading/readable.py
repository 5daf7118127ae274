"""A table, or a query over several, as a collection of records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ColumnElement, DateTime, Double, FromClause, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from trading_pipeline.domain.model.records import FieldKind, RecordCollection, RecordField

NOT_ENUMERATED: Mapping[str, type[StrEnum]] = MappingProxyType({})
"""Any text may be asked for."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A collection and where its records come from."""

    collection: RecordCollection
    source: FromClause
    columns: dict[str, ColumnElement[object]]


def readable(
    name: str,
    meaning: str,
    source: FromClause,
    order: Sequence[str],
    *,
    columns: Sequence[ColumnElement[object]] = (),
    filters: Sequence[str] = (),
    required: Sequence[str] = (),
    identity: str = "",
    choices: Mapping[str, type[StrEnum]] = NOT_ENUMERATED,
) -> Readable:
    """A collection of these columns, or of all that the source has.

    :param order: see ``RecordCollection``.
    :param choices: filters whose values are those of an enumeration.
    """
    chosen = {column.name: column for column in columns or source.columns}
    fields = tuple(RecordField(each, _kind(column.type), _nullable(column)) for each, column in chosen.items())
    known = {filtered: tuple(one.value for one in kind) for filtered, kind in choices.items()}
    collection = RecordCollection(name, meaning, fields, tuple(order), tuple(filters), tuple(required), identity, known)
    return Readable(collection, source, chosen)


def _nullable(column: ColumnElement[object]) -> bool:
    """A label says it by what it stands for."""
    origin = getattr(column, "element", column)
    return bool(origin.nullable) if isinstance(origin, Column) else True


def _kind(kind: TypeEngine[Any]) -> FieldKind:
    if isinstance(kind, ARRAY):
        several = {
            FieldKind.TEXT: FieldKind.TEXTS,
            FieldKind.NUMBER: FieldKind.NUMBERS,
            FieldKind.COUNT: FieldKind.COUNTS,
        }
        return several[_kind(kind.item_type)]
    for sort, found in _KINDS:
        if isinstance(kind, sort):
            return found
    return FieldKind.TEXT


# Double is a Numeric to SQLAlchemy, so it stands before it.
_KINDS: tuple[tuple[type[TypeEngine[Any]], FieldKind], ...] = (
    (Double, FieldKind.NUMBER),
    (Numeric, FieldKind.DECIMAL),
    (BigInteger, FieldKind.COUNT),
    (Boolean, FieldKind.FLAG),
    (DateTime, FieldKind.INSTANT),
    (JSONB, FieldKind.JSON),
)
