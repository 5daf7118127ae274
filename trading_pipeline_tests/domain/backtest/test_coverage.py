"""Funding that meets bars, and funding that does not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from trading_pipeline.domain.backtest.coverage import Span, require_funding, without_funding
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import to_ms

HOUR_MS = 3_600_000
MIDNIGHT = to_ms(datetime(2025, 1, 1, tzinfo=UTC))


def events(*hours: float) -> Funding:
    """Events so many hours after the first midnight of 2025."""
    times = np.array([MIDNIGHT + hour * HOUR_MS for hour in hours]).astype(np.int64)
    return Funding(times, np.full(len(hours), 0.001))


def span(first: float, end: float) -> Span:
    return Span(int(MIDNIGHT + first * HOUR_MS), int(MIDNIGHT + end * HOUR_MS))


@pytest.mark.parametrize("hours", [(8,), (1,), (24,), (-8, 8), (8, 32)])
def test_one_event_within_the_bars_is_enough(hours: tuple[float, ...]) -> None:
    require_funding(events(*hours), span(0, 24), "BTCUSDT")


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ((-16, -8), "they end before the bars begin, at 2024-12-31T16:00Z"),
        ((0,), "they end before the bars begin, at 2025-01-01T00:00Z"),
        ((32, 40), "they begin after the bars end, at 2025-01-02T08:00Z"),
        ((24.001,), "they begin after the bars end"),
        ((-8, 32), "those before end at 2024-12-31T16:00Z"),
        ((), "there are none"),
    ],
)
def test_funding_outside_the_bars_is_refused(hours: tuple[float, ...], problem: str) -> None:
    head = "BTCUSDT: no funding event falls due from 2025-01-01T00:00Z to 2025-01-02T00:00Z: "
    with pytest.raises(DataError, match=f"^{head}{problem}"):
        require_funding(events(*hours), span(0, 24), "BTCUSDT")


@pytest.mark.parametrize(
    ("hours", "bars", "bare"),
    [
        ((8, 16), (0, 24), []),  # the event at the last close may be missing: nothing is open after it
        ((8.001, 16.002, 24.001), (0, 30), []),  # written some seconds late
        ((8, 16), (0, 48), [(16, 48)]),
        ((40, 48), (0, 48), [(0, 40)]),
        ((8, 16, 40, 48), (0, 48), [(16, 40)]),
        ((8,), (0, 16), []),
        ((8,), (-24, 48), [(-24, 8), (8, 48)]),
        ((1, 2, 3), (0, 10), []),  # hourly events, none known for seven hours: as long as the longest interval
        ((24, 48), (0, 72), [(0, 24), (24, 48), (48, 72)]),  # every third line of a record is no daily record
        ((-72, -64, 8), (0, 8), []),
    ],
)
def test_stretches_without_an_event_for_longer_than_usual_are_found(
    hours: tuple[float, ...], bars: tuple[float, float], bare: list[tuple[float, float]]
) -> None:
    assert without_funding(events(*hours), span(*bars)) == [span(*one) for one in bare]
