import numpy as np

from trading_pipeline.domain.indicators.gaps import falling_gaps, rising_gaps


def test_the_newest_gap_is_carried_forward() -> None:
    high, low = np.array([10.0, 12, 14, 14, 14]), np.array([9.0, 9.5, 12, 11, 10])
    assert rising_gaps(high, low).tolist() == [-1, -1, 2, 2, 2]


def test_touching_prices_leave_no_gap() -> None:
    assert rising_gaps(np.array([10.0, 12, 14]), np.array([9.0, 9.5, 10])).tolist() == [-1, -1, -1]


def test_falling_gaps_mirror_rising_ones() -> None:
    high, low = np.array([10.0, 9.5, 8]), np.array([9.0, 7, 6])
    assert falling_gaps(high, low).tolist() == [-1, -1, 2]
