"""Bring what was heard into the one table everything downstream reads."""

from datetime import datetime

from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.ports.stores.market_data.bar_store import BarStore


def consolidate_bars(store: BarStore, scope: PartitionRange, now: datetime) -> int:
    """Consolidate the days of ``scope`` and the window before them.

    :returns: rows that were new or changed; 0 when nothing was heard since the last time.
    """
    start, end = scope.open_times_until(now)
    return store.consolidate(scope.instrument_ids, scope.timeframe, start, end)
