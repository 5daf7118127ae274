"""Everything that is noticed about the bars of a run, which decides nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.quality import QualityEvent, QualityRules
from trading_pipeline.services.market_data.fill_gaps import GapReport
from trading_pipeline.services.market_data.notice_anomalies import notice_anomalies
from trading_pipeline.services.market_data.notice_gaps import (
    backfill_noticed,
    gap_noticed,
    lag_noticed,
    outages_noticed,
)


def notice_bars(
    frame: pd.DataFrame,
    gaps: Sequence[GapReport],
    scope: PartitionRange,
    rules: QualityRules,
    now: datetime,
    wave: datetime | None,
) -> Iterator[QualityEvent]:
    """What the bars say themselves, what the venue has lost, and in a wave what was missing, was fetched or came late.

    :param frame: consolidated bars of the range's windows.
    :param wave: closing instant (UTC) that is computed; ``None`` for history, of whose holes nobody has to hear.
    """
    yield from notice_anomalies(frame, scope, rules)
    for gap in gaps:
        yield from outages_noticed(gap.instrument_id, scope.timeframe, gap.lost, now)
        if wave and gap.missing:
            yield gap_noticed(gap.instrument_id, scope.timeframe, gap.missing, now)
        if wave and gap.healed:
            first, last = gap.asked
            end = last + scope.timeframe.duration
            yield backfill_noticed(gap.instrument_id, scope.timeframe, gap.healed, first, end, now)
    yield from lag_noticed(scope.timeframe, wave, now, rules.max_lag)
