"""Bring what was heard into the one table everything downstream reads."""

from datetime import datetime

from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore


def consolidate_bars(store: BarStore, scope: PartitionRange, now: datetime) -> int:
    """Consolidate the days of ``scope`` and the window before them, as far as something new may have been heard.

    :returns: rows that were new or changed; 0 when nothing was heard since the last time.
    """
    _, end = scope.open_times_until(now)
    return sum(store.consolidate(part.instrument_ids, scope.timeframe, part.heard_from, end) for part in scope.parts)
