"""The simulated exchange charges funding when a backtest of the same record does."""

from decimal import Decimal

import numpy as np
import pytest

from trading_pipeline.domain.backtest.assumed_funding import with_assumed_funding
from trading_pipeline.domain.backtest.config import Costs
from trading_pipeline.domain.backtest.coverage import Span
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule

HOUR_MS = 3_600_000
CONSTANT, RECORDED = Decimal("0.0001"), Decimal("0.0007")


def charged(interval_hours: int, recorded: list[int], end_hour: int) -> list[tuple[int, Decimal]]:
    schedule = FundingSchedule(CONSTANT, interval_hours, dict.fromkeys(recorded, RECORDED))
    assert all(schedule.due(at_ms) for at_ms in schedule.between(0, end_hour * HOUR_MS))
    return [(at_ms, schedule.rate_at(at_ms)) for at_ms in schedule.between(0, end_hour * HOUR_MS)]


@pytest.mark.parametrize(
    ("interval_hours", "recorded", "end_hour"),
    [
        (8, [], 48),
        (8, [8 * HOUR_MS, 16 * HOUR_MS, 24 * HOUR_MS], 48),
        # the record says every eight hours, so what lies between was not charged
        (4, [0, 8 * HOUR_MS, 16 * HOUR_MS, 24 * HOUR_MS, 32 * HOUR_MS], 32),
        # written some milliseconds after it fell due
        (8, [8 * HOUR_MS + 3, 16 * HOUR_MS + 5, 24 * HOUR_MS], 24),
        # a day is missing in the record
        (8, [8 * HOUR_MS, 32 * HOUR_MS, 40 * HOUR_MS], 40),
        (8, [8 * HOUR_MS + 3, 32 * HOUR_MS, 40 * HOUR_MS], 40),
        (8, [hour * HOUR_MS for hour in range(4, 49, 4)], 48),
    ],
)
def test_a_record_is_charged_as_in_a_backtest(interval_hours: int, recorded: list[int], end_hour: int) -> None:
    known = Funding(np.array(recorded, np.int64), np.full(len(recorded), float(RECORDED))) if recorded else None
    costs = Costs(funding_rate=float(CONSTANT), funding_hours=interval_hours)
    expected = with_assumed_funding(known, Span(0, end_hour * HOUR_MS), costs)
    assert expected is not None
    assert charged(interval_hours, recorded, end_hour) == [
        (at_ms, RECORDED if rate == float(RECORDED) else CONSTANT)
        for at_ms, rate in zip(expected.time_ms.tolist(), expected.rate.tolist(), strict=True)
        if at_ms > 0
    ]
