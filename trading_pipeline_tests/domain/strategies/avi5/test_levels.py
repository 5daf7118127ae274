import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.strategies.avi5.levels import entry_grid


def test_levels_of_a_long_and_a_short() -> None:
    # ATR 10 and a stop 2 ATR away: half an ATR is a quarter of the risk.
    grid = entry_grid(np.array([100.0, 100.0]), np.array([80.0, 120.0]), 3, 0.25)
    assert grid.price.tolist() == [[100.0, 95.0, 90.0], [100.0, 105.0, 110.0]]
    assert grid.share.tolist() == [pytest.approx([20 / 45, 15 / 45, 10 / 45])] * 2
    assert grid.row(1)[0] == {"price": 100.0, "share": pytest.approx(20 / 45)}


@given(st.sampled_from([-1, 1]), st.floats(1, 1e5), st.floats(0.001, 0.5), st.integers(1, 10), st.floats(0.001, 0.11))
def test_an_equal_grid_loses_its_risk_at_stop(
    side: int, entry: float, distance: float, count: int, step_r: float
) -> None:
    stop = entry * (1 - side * distance)
    grid = entry_grid(np.array([entry]), np.array([stop]), count, step_r)
    quantity = grid.share[0] / (side * (grid.price[0] - stop))
    assert (quantity > 0).all()
    assert quantity == pytest.approx(quantity[0])
    assert grid.share.sum() == pytest.approx(1.0)
    assert grid.price[0, 0] == entry
