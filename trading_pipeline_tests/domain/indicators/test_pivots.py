import numpy as np
import pytest

from trading_pipeline.domain.indicators.pivots import last_known, last_pivot_price, pivot_highs, pivot_lows


def test_an_equal_neighbour_disqualifies_both() -> None:
    lows = np.array([5.0, 4, 3, 4, 5, 4, 2, 2, 4, 5])
    assert pivot_lows(lows).tolist() == [2]


def test_highs_mirror_lows() -> None:
    values = np.random.default_rng(3).normal(size=200)
    assert pivot_highs(values).tolist() == pivot_lows(-values).tolist()


def test_width_may_differ_on_the_two_sides() -> None:
    lows = np.array([5.0, 4, 3, 4, 2])
    assert pivot_lows(lows, left=2, right=1).tolist() == [2]
    assert pivot_lows(lows, left=2, right=2).tolist() == []


@pytest.mark.parametrize("count", range(5))
def test_too_few_bars_have_no_pivot(count: int) -> None:
    assert len(pivot_lows(np.arange(count, dtype=float))) == 0


def test_a_pivot_is_known_two_bars_later() -> None:
    lows = np.array([5.0, 4, 3, 4, 5, 6])
    pivots = pivot_lows(lows)
    assert last_known(pivots, 6).tolist() == [-1, -1, -1, -1, 0, 0]
    assert last_pivot_price(lows, pivots) == pytest.approx([np.nan] * 4 + [3.0, 3.0], nan_ok=True)
