"""Somebody looks at what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from trading_pipeline.domain.model.errors import ConfigurationError, UnknownName
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.records import MOST_RECORDS, RecordQuestion, cursor_of, position_of
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.operations.record_reader import RecordReader


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of records.

    :param next_cursor: of the page that follows; ``None`` on the last one.
    """

    items: tuple[Mapping[str, object], ...]
    next_cursor: str | None


def list_records(*, reader: RecordReader, universe: Universe, question: RecordQuestion, cursor: str = "") -> Listed:
    """One page of a collection.

    :param cursor: ``next_cursor`` of the page before.
    :raises UnknownName: an instrument that nothing is known about.
    :raises ConfigurationError: no such timeframe, status or role, a cursor of another question, a filter that has to
        be there.
    """
    collection = reader.collections[question.collection]
    filters = {name: _meant(name, value, reader, universe) for name, value in question.filters.items()}
    for name, value in filters.items():
        collection.require_choice(name, value)
    if missing := [name for name in collection.required if name not in filters]:
        raise ConfigurationError(f"{question.collection} are listed by {' and '.join(missing)}; name them")
    asked = replace(question, filters=filters, limit=min(max(question.limit, 1), MOST_RECORDS))
    after = position_of(asked, cursor, len(collection.order)) if cursor else None
    page = reader.page(asked, after)
    return Listed(tuple(page.items), cursor_of(asked, page.after) if page.after else None)


def one_record(*, reader: RecordReader, collection: str, identity: str) -> Mapping[str, object]:
    """The record of an id.

    :raises UnknownName: there is none.
    """
    found = reader.one(reader.collections[collection], identity)
    if found is None:
        raise UnknownName(f"there is no {identity[:100]!r} among {collection.replace('_', ' ')}")
    return found


def known_instrument(text: str, reader: RecordReader, universe: Universe) -> InstrumentId:
    """The instrument that a person means by ``BTCUSDT`` or ``BTCUSDT.BYBIT``.

    :raises UnknownName: nothing is known about it; the message names the nearest.
    """
    written = text.strip().upper()
    meant = InstrumentId(written if "." in written else f"{written}.{VenueName(universe.venue.upper())}")
    if meant in universe.instrument_ids:
        return meant
    known = sorted({*universe.instrument_ids, *reader.instrument_ids()})
    if meant in known:
        return meant
    near = get_close_matches(meant, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known[:20])}"
    raise UnknownName(f"nothing is known about {text[:60]!r}; {hint}")


def _meant(name: str, value: str, reader: RecordReader, universe: Universe) -> str:
    """A filter's value as it is stored."""
    if name == "instrument_id":
        return known_instrument(value, reader, universe)
    return Timeframe.parse(value).value if name == "timeframe" else value
