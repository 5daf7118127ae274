"""Funding for the time that no record covers."""

import numpy as np

from trading_pipeline.domain.backtest.config import Costs
from trading_pipeline.domain.backtest.coverage import Span, without_funding
from trading_pipeline.domain.backtest.translate import Funding

_HOUR_MS = 3_600_000


def with_assumed_funding(recorded: Funding | None, bars: Span, costs: Costs) -> Funding | None:
    """Recorded events, and the rate that the costs assume at every settlement of the time they leave out.

    :param bars: from the first open to the last close, UTC ms.
    :returns: ``None`` where nothing is ever paid.
    """
    if not costs.funding_rate:
        return recorded
    step = costs.funding_hours * _HOUR_MS
    # Settlements are counted from midnight UTC, and multiples of the step since 1970
    # fall on the same times. One at the first open itself belongs to the time before.
    due = np.arange(bars.first_ms - bars.first_ms % step + step, bars.end_ms + 1, step, dtype=np.int64)
    if recorded is None:
        return Funding(due, np.full(len(due), costs.funding_rate))
    bare = np.zeros(len(due), np.bool_)
    for span in without_funding(recorded, bars):
        bare |= (due > span.first_ms) & (due <= span.end_ms)
    # A recorded event is written some time after it fell due; the settlement that it tells of must not be paid twice.
    bare &= ~np.isin(due, recorded.time_ms - recorded.time_ms % step)
    times = np.concatenate([recorded.time_ms, due[bare]])
    rates = np.concatenate([recorded.rate, np.full(int(bare.sum()), costs.funding_rate)])
    order = np.argsort(times, kind="stable")
    return Funding(times[order], rates[order])
