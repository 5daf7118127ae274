"""Ask every bar again that was ever asked: what a check says that somebody launches alone."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from trading_pipeline.domain.model.holes import HoleRules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.services.market_data.check_bars import check_bars

_DAY = timedelta(days=1)
_DAYS_AT_ONCE = 100
"""Bars of as many days, and the window before them, are in memory at a time."""


def judge_stored_bars(
    bars: BarStore,
    checks: CheckStore,
    instrument_ids: Sequence[InstrumentId],
    timeframe: Timeframe,
    history_start: datetime,
    holes: HoleRules,
) -> int:
    """Judge the stored bars of every day that has verdicts, and store what they are by now.

    Nothing is fetched, consolidated or computed. Days that nobody computed have no verdicts and are left alone: their
    bars are there because later days look back on them.

    :param history_start: no bar that opens before it is read.
    :returns: bars asked.
    """
    asked = 0
    for instrument_id, days in checks.judged_days(instrument_ids, timeframe).items():
        for first, last in _stretches(days):
            scope = PartitionRange((instrument_id,), timeframe, first, last + _DAY, history_start, holes=holes)
            # what is stored has closed: no venue has to tell the time
            asked += check_bars(bars, checks.save, scope, scope.end).bars
    return asked


def _stretches(days: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """First and last of neighbouring days, as many as fit at once."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > _DAY or day - first >= _DAYS_AT_ONCE * _DAY:
            yield first, last
            first = day
        last = day
    yield first, last
