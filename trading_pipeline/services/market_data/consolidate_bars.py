"""Bring what was heard into the one table everything downstream reads."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore

Range = tuple[datetime, datetime]
"""Half-open, of open times (UTC)."""


def consolidate_bars(
    store: BarStore, scope: PartitionRange, now: datetime, known: Mapping[InstrumentId, Sequence[Range]] | None = None
) -> int:
    """Consolidate the days of ``scope`` and the window before them, as far as something new may have been heard.

    :param known: by instrument, ascending, ranges that are consolidated already; comparing a year of them with what was
        heard would take longer than everything else.
    :returns: rows that were new or changed; 0 when nothing was heard since the last time.
    """
    _, end = scope.open_times_until(now)
    known, changed = known or {}, 0
    for part in scope.parts:
        others = [name for name in part.instrument_ids if name not in known]
        changed += store.consolidate(others, scope.timeframe, part.heard_from, end)
        for name in set(part.instrument_ids) & known.keys():
            for begin, stop in _around(known[name], part.heard_from, end):
                changed += store.consolidate([name], scope.timeframe, begin, stop)
    return changed


def _around(known: Sequence[Range], start: datetime, end: datetime) -> Iterator[Range]:
    """What is left of a range."""
    for begin, stop in known:
        if start < begin:
            yield start, min(begin, end)
        start = max(start, stop)
    if start < end:
        yield start, end
