"""Bars that no venue publishes, made of those that are stored."""

from datetime import datetime

from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.derived_bars import derived_bars
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore


def derive_bars(bars: BarStore, scope: PartitionRange, base: Timeframe, now: datetime) -> int:
    """Make the bars of the scope's days of stored ``base`` bars, whether somebody told them before or not.

    One that was told and differs is then a conflict of two sources, which the check of that name finds.

    :param now: venue time; a bar that is not over is not made.
    :returns: bars that nobody had told before.
    """
    # A bar that still forms has parts already; it is made when the last of them has closed.
    end = scope.timeframe.floor(min(scope.end, now))
    if end <= scope.start:
        return 0
    made = derived_bars(bars.raw_bars(scope.instrument_ids, base, scope.start, end), scope.timeframe)
    new = bars.append_raw(made, BarSource.DERIVED)
    if len(new) < len(made):
        # Parts that were revised or mended make another bar than they did.
        bars.revise(made, BarSource.DERIVED)
    return len(new)
