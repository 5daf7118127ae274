"""What lacks in a row of bars, and which of those after a hole rest."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.missing_bars import lost_numbers, missing_since, untraded
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_range

BTC = InstrumentId("BTCUSDT.BYBIT")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def outage(first: int, last: int) -> Outage:
    """Hours of the builders' history, both included."""
    return Outage(BTC, Timeframe.H1, START + first * HOUR, START + (last + 1) * HOUR, START, START, "none")


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([0, 1, 4, 5, 6], [0, 0, 2, 2, 0]),
        ([0, 3, 5, 6, 7], [0, 2, 1, 1, 0]),
        ([7, 8], [0, 0]),
        ([], []),
    ],
    ids=["no hole", "two bars rest", "the newer hole counts", "the first bar follows none", "nothing"],
)
def test_bars_rest_after_holes_for_a_warm_up(numbers: list[int], expected: list[int]) -> None:
    opens = np.array(numbers, np.int64) * 60_000
    assert untraded(opens, 60_000, 2).tolist() == expected


@given(st.sets(st.integers(0, 60), min_size=1), st.sets(st.integers(0, 60)))
def test_what_lacks_is_what_is_neither_there_nor_lost(there: set[int], lost: set[int]) -> None:
    numbers, absent = np.array(sorted(there), np.int64), np.array(sorted(lost - there), np.int64)
    counted = missing_since(numbers, 10, absent)
    for number, count in zip(numbers.tolist(), counted.tolist(), strict=True):
        if number >= 10:
            assert count == sum(one not in there and one not in lost for one in range(10, number))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 300)), max_size=4), st.integers(75, 200))
def test_a_window_holds_its_bars_whatever_the_venue_lost(holes: list[tuple[int, int]], day: int) -> None:
    end, outages = -1, list[Outage]()
    for first, length in sorted(holes):
        if first > end + 1:
            end = first + length
            outages.append(outage(first, end))
    scope = a_range(start=START + day * DAY, history_start=START - 10_000 * DAY).bridging({BTC: outages})
    begin = (scope.anchor(scope.start, BTC) - START) // HOUR
    lost = lost_numbers(outages, Timeframe.H1) - lost_numbers([outage(0, 0)], Timeframe.H1)[0]
    window = np.arange(begin, day * 24)
    assert len(np.setdiff1d(window, lost)) == 1_700
    assert begin not in lost


def test_no_window_reaches_back_before_history() -> None:
    scope = a_range(start=START + 71 * DAY).bridging({BTC: [outage(100, 500)]})
    assert scope.anchor(scope.start, BTC) == scope.window_start == START
