"""Fetch what a venue keeps of contracts beside their bars, and find what is missing of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from trading_pipeline.domain.model.errors import ConfigurationError, VenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import SeriesRow
from trading_pipeline.ports.stores.market_data.series_store import SeriesStore

RowT = TypeVar("RowT", bound=SeriesRow)
Ask = Callable[[InstrumentId, datetime, datetime], Sequence[RowT]]
"""Rows of an instrument in ``[start, end)``."""

LATE = timedelta(minutes=10)
"""After which a row that is due counts as missing."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What a refresh brought.

    :param rows: told by the venue.
    :param changed: of them new or otherwise than before.
    :param failures: by instrument, why it could not be asked about; the others went on.
    """

    rows: int
    changed: int
    failures: Mapping[InstrumentId, str]


def refresh_series(
    ask: Ask[RowT], store: SeriesStore[RowT], instrument_ids: Sequence[InstrumentId], start: datetime, end: datetime
) -> SeriesReport:
    """Ask for the range of every instrument, and store what comes.

    :param end: excluded; the future is empty.
    """
    rows = changed = 0
    failures = {}
    for instrument_id in instrument_ids:
        try:
            found = ask(instrument_id, start, end)
        except (VenueError, ConfigurationError) as error:
            # one instrument that is gone must not keep the others waiting
            failures[instrument_id] = str(error)
            continue
        rows, changed = rows + len(found), changed + store.write(found)
    return SeriesReport(rows, changed, failures)


def series_holes(
    store: SeriesStore[RowT], instrument_ids: Sequence[InstrumentId], longest: timedelta, newest: datetime
) -> dict[InstrumentId, str]:
    """By instrument, where its series has a hole; those without one are left out.

    :param longest: between two rows of the series.
    :param newest: UTC; a row has to lie no more than ``longest`` before it.
    """
    stored = store.instants(instrument_ids)
    found = {}
    for instrument_id in instrument_ids:
        instants = [*stored.get(instrument_id, ())]
        holes = [f"{a:%Y-%m-%d %H:%M} to {b:%Y-%m-%d %H:%M}" for a, b in pairwise(instants) if b - a > longest]
        if not instants:
            found[instrument_id] = "nothing is stored"
        elif newest - instants[-1] > longest:
            holes.append(f"after {instants[-1]:%Y-%m-%d %H:%M}")
        if holes:
            more = f" and {len(holes) - _NAMED} more" if len(holes) > _NAMED else ""
            found[instrument_id] = f"nothing from {', '.join(holes[:_NAMED])} UTC{more}"
    return found
