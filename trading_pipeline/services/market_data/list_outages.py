"""Somebody asks what the venue has lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import Position, RecordQuestion, cursor_of, position_of
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore

_Place = tuple[int, int, InstrumentId]


@dataclass(frozen=True, slots=True)
class ListedOutages:
    """A page of outages.

    :param next_cursor: of the page that follows; ``None`` on the last one.
    """

    items: tuple[Outage, ...]
    next_cursor: str | None


def list_outages(
    bars: RawBarStore, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]
) -> list[Outage]:
    """Every outage that stands, the newest first; of one instant by timeframe, the shorter first, and instrument."""
    found = [
        outage
        for timeframe in timeframes
        for several in bars.outages(instrument_ids, timeframe).values()
        for outage in several
    ]
    return sorted(found, key=_place)


def page_of_outages(outages: Sequence[Outage], question: RecordQuestion, cursor: str = "") -> ListedOutages:
    """Some of a list, from where the page before ended; an outage that has ended meanwhile moves no other.

    :param outages: as ``list_outages`` has them.
    :param question: what they were asked by; of it the limit counts here.
    :raises ConfigurationError: a cursor of another question.
    """
    after = _read(position_of(question, cursor, 3)) if cursor else None
    rest = [one for one in outages if after is None or _place(one) > after]
    shown = tuple(rest[: question.limit])
    return ListedOutages(shown, cursor_of(question, _written(shown[-1])) if len(rest) > len(shown) else None)


def _place(outage: Outage) -> _Place:
    return -to_ms(outage.first_open), outage.timeframe.ms, outage.instrument_id


def _written(outage: Outage) -> Position:
    opened, length, instrument_id = _place(outage)
    return Position((str(opened), str(length), instrument_id))


def _read(position: Position) -> _Place:
    opened, length, instrument_id = position.values
    return int(opened), int(length), InstrumentId(instrument_id)
