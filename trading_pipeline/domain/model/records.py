"""Stored records as people and programs ask for them: collections, questions, pages, cursors."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from hashlib import sha256

from trading_pipeline.domain.model.errors import ConfigurationError

MOST_RECORDS = 1_000
"""Of one page."""


class FieldKind(StrEnum):
    """``DECIMAL`` is money, price or quantity, exact; ``NUMBER`` a float; ``JSON`` whatever the writer put there."""

    TEXT = "text"
    TEXTS = "texts"
    DECIMAL = "decimal"
    NUMBER = "number"
    NUMBERS = "numbers"
    COUNT = "count"
    COUNTS = "counts"
    FLAG = "flag"
    INSTANT = "instant"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field of every record of a collection."""

    name: str
    kind: FieldKind
    nullable: bool


@dataclass(frozen=True, slots=True)
class RecordCollection:
    """Records of one kind.

    :param meaning: what one is, in a sentence.
    :param order: fields by which they are listed, unique together and never changed once written: the first is the
        instant that a span of time is about.
    :param filters: text fields that a question may fix.
    :param required: those of them that it has to fix.
    :param identity: the field that one record is asked for by; empty where it takes several.
    :param choices: what a filter may be, where that is known beforehand.
    """

    name: str
    meaning: str
    fields: tuple[RecordField, ...]
    order: tuple[str, ...]
    filters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    identity: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Of its fields."""
        return frozenset(one.name for one in self.fields)

    def require_choice(self, name: str, value: str) -> None:
        """:raises ConfigurationError: the filter can never be this; the message names the nearest."""
        known = self.choices.get(name, (value,))
        if value not in known:
            near = get_close_matches(value, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
            raise ConfigurationError(f"no {name} of {self.name.replace('_', ' ')} is {value[:60]!r}; {hint}")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: after the record with these values of the order, as text."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordQuestion:
    """Which records.

    :param since: the first instant, included, UTC.
    :param until: the first instant that is not, UTC.
    :param newest_first: the other way round from the oldest on.
    """

    collection: str
    filters: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True
    limit: int = 100

    @property
    def fingerprint(self) -> str:
        """Of everything but the limit: a cursor goes on with the question that it came from and with no other."""
        content = [self.collection, sorted(self.filters.items()), str(self.since), str(self.until), self.newest_first]
        return sha256(json.dumps(content).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records, and where the next page begins; ``None`` where there was nothing more."""

    items: Sequence[Mapping[str, object]]
    after: Position | None


def cursor_of(question: RecordQuestion, position: Position) -> str:
    """A position as text that means something to nobody else."""
    return urlsafe_b64encode(json.dumps([question.fingerprint, *position.values]).encode()).decode().rstrip("=")


def position_of(question: RecordQuestion, cursor: str, fields: int) -> Position:
    """Where a cursor says that the list goes on.

    :param fields: of the collection's order.
    :raises ConfigurationError: it is none, or another question's.
    """
    try:
        content = json.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or not all(isinstance(one, str) for one in content):
        raise ConfigurationError(f"cursor {cursor[:80]!r} is none; take `next_cursor` of a page as it is")
    if content[:1] != [question.fingerprint] or len(content) != fields + 1:
        raise ConfigurationError(f"cursor {cursor[:80]!r} belongs to another question; ask the first page without one")
    return Position(tuple(content[1:]))
