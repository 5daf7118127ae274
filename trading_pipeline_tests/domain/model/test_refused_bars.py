"""Which bars look back on a hole, against the rule counted out bar by bar."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.refused_bars import refused, refused_higher
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe


def bars(numbers: list[int], timeframe: Timeframe) -> pd.DataFrame:
    """Bars by their number since the epoch."""
    opens = pd.Series([EPOCH + one * timeframe.duration for one in numbers], dtype="datetime64[ms, UTC]")
    return pd.DataFrame({"open_time": opens, "close_time": opens + timeframe.duration})


def anchored(numbers: list[int], holes: set[int], day: int, last: int) -> bool:
    """Whether every hour is there from the anchor of a day, or the first there is, to the last that is due."""
    anchor = max(day * 24 - WINDOW_BARS, numbers[0])
    return not any(anchor <= hole <= last for hole in holes) and last <= numbers[-1]


@given(holes=st.sets(st.integers(1, 2_499), max_size=5))
def test_a_bar_is_refused_while_a_hole_lies_between_its_days_anchor_and_it(holes: set[int]) -> None:
    numbers = [number for number in range(2_500) if number not in holes]
    expected = [not anchored(numbers, holes, number // 24, number) for number in numbers]
    assert refused(bars(numbers, Timeframe.H1), Timeframe.H1).tolist() == expected


@given(holes=st.sets(st.integers(1, 440), max_size=3), begin=st.integers(0, 400))
def test_a_higher_bar_is_judged_from_the_anchor_of_the_lower_bars_day(holes: set[int], begin: int) -> None:
    higher = [number for number in range(400, 2_600) if number - 400 not in holes]
    lower = list(range((2_000 + begin) * 4, (2_000 + begin) * 4 + 96))
    found = refused_higher(bars(lower, Timeframe.M15), bars(higher, Timeframe.H1), Timeframe.H1)
    assert found.tolist() == [
        not anchored(higher, {400 + hole for hole in holes}, number // 96, (number + 1) // 4 - 1) for number in lower
    ]


def test_bars_before_the_first_higher_bar_look_back_on_no_hole() -> None:
    lower = bars(list(range(96)), Timeframe.M15)
    assert not refused_higher(lower, bars([], Timeframe.H1), Timeframe.H1).any()
    assert not refused_higher(lower, bars([100], Timeframe.H1), Timeframe.H1).any()
    assert np.array_equal(refused(bars([], Timeframe.H1), Timeframe.H1), [])
