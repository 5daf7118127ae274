import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.strategies.avi5_levels import (
    break_even_due,
    entry_grid,
    expected_r,
    levels,
    reward_r,
    win_probability,
)


def test_levels_of_a_long() -> None:
    made = levels(Bias.LONG, 100, 5, 2)
    assert (made.stop, made.targets) == (90, (110, 120, 130))


@pytest.mark.parametrize(
    ("bias", "entry", "atr"),
    [(Bias.SHORT, 30.0, 5.0), (Bias.LONG, 10.0, 5.0), (Bias.LONG, 100.0, 0.0)],
)
def test_levels_that_reach_zero_are_refused(bias: Bias, entry: float, atr: float) -> None:
    with pytest.raises(DataError, match="above 0"):
        levels(bias, entry, atr, 2)


@given(st.sampled_from(Bias), st.floats(1, 20), st.integers(1, 4), st.floats(1, 1000))
def test_the_entry_grid_loses_the_risk_at_the_stop_and_no_more(bias: Bias, atr: float, count: int, risk: float) -> None:
    made = levels(bias, 1000, atr, 2)
    orders = entry_grid(bias, made, atr, count, risk)
    assert sum(order.quantity * abs(order.price - made.stop) for order in orders) == pytest.approx(risk)
    assert len({order.quantity for order in orders}) == 1
    assert orders[0].price == 1000


def test_a_grid_that_reaches_the_stop_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="5 entry levels"):
        entry_grid(Bias.LONG, levels(Bias.LONG, 100, 5, 2), 5, 5, 25)


@pytest.mark.parametrize(("mark", "filled", "due"), [(109.99, False, False), (110, False, True), (95, True, True)])
def test_break_even_at_one_r_or_at_the_first_target(mark: float, filled: bool, due: bool) -> None:
    assert break_even_due(Bias.LONG, 100, 90, mark, filled) is due
    assert break_even_due(Bias.SHORT, 100, 110, 200 - mark, filled) is due


@pytest.mark.parametrize(("wins", "trades", "expected"), [(29, 29, 0.4), (14, 30, 15 / 32)])
def test_a_probability_needs_thirty_trades(wins: int, trades: int, expected: float) -> None:
    assert win_probability(wins, trades, 0.4) == pytest.approx(expected)


def test_expected_r_pays_costs_in_r() -> None:
    assert reward_r() == pytest.approx(1.9)
    assert expected_r(0.5, 50_000, 49_500, 0.00055, 0.0005) == pytest.approx(0.95 - 0.5 - 0.16)
