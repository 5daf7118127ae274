from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading_pipeline.domain.analysis import drawdown, ratios, returns
from trading_pipeline.domain.analysis import trade_statistics as statistics

PNL = np.array([100.0, -50.0, 30.0])
GROSS = PNL + 2.0  # 102, -48, 32
MONTHLY = np.array([0.04, -0.02, 0.03, 0.01, -0.01, 0.05])
HOURLY = np.tile([0.01, -0.005], 50)
NONE = np.empty(0)
curves = arrays(np.float64, st.integers(1, 60), elements=st.floats(1.0, 1e6))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (statistics.sum_of_wins(PNL), 130.0),
        (statistics.sum_of_losses(PNL), 50.0),
        (statistics.profit_factor(PNL), 2.6),
        (statistics.sum_of_wins(GROSS), 134.0),
        (statistics.sum_of_losses(GROSS), 48.0),
        (statistics.profit_factor(GROSS), 2.7917),
        (statistics.win_rate_pct(PNL), 66.667),
        (statistics.payoff_ratio(PNL), 1.30),
        (statistics.system_quality_number(PNL), 0.6154),
        (statistics.average_trade(PNL), 26.6667),
        (statistics.expectancy(PNL), 26.6667),
        (statistics.expectancy_ratio(PNL), 0.5333),
        (statistics.largest_share_pct(PNL, wins=True), 76.9231),
        (statistics.largest_share_pct(-PNL, wins=False), 76.9231),
        (statistics.net_profit_to_largest_loss(PNL), 1.6),
        (statistics.average_win(statistics.result_pct(PNL, np.full(3, 1000.0))), 6.5),
        (statistics.margin_efficiency_pct(PNL, np.full(3, 200.0)), 57.1429),
        (statistics.exposure_pct(np.array([4.0, 2.0]), 60), 10.0),
    ],
)
def test_trades_have_these_figures(value: float, expected: float) -> None:
    assert value == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ratios.monthly_sharpe_ratio(MONTHLY, 0.02), 0.5348),
        (ratios.monthly_sortino_ratio(MONTHLY, 0.02), 1.6432),
        (ratios.sharpe_ratio(HOURLY, 8766.0, 0.02), 31.0242),
        (ratios.sortino_ratio(HOURLY, 8766.0), 66.2042),
        (ratios.sharpe_ratio(HOURLY[:10], 8766.0), 0.31623),
        (ratios.sortino_ratio(np.full(5, 0.01), 8766.0), 10.0),
        (ratios.calmar_ratio(20.0, 10.0), 2.0),
        (ratios.calmar_ratio(20.0, 0.0), 10.0),
        (ratios.calmar_ratio(-5.0, 0.0), 0.0),
        (ratios.recovery_factor(50.0, 25.0), 2.0),
        (ratios.return_on_account_size_pct(50.0, 25.0), 200.0),
        (ratios.omega_ratio(HOURLY), 2.0),
        (ratios.omega_ratio(np.full(3, 0.01)), 100.0),
        (ratios.gain_to_pain_ratio(HOURLY), 1.0),
        (ratios.upside_potential_ratio(HOURLY), 1.41421),
        (ratios.tail_ratio(HOURLY), 2.0),
        (ratios.information_ratio(HOURLY, np.zeros(100), 1.0), 0.33166),
    ],
)
def test_ratios_have_these_values(value: float, expected: float) -> None:
    assert value == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("initial", "final", "years", "expected"),
    [(100.0, 121.0, 2.0, 10.0), (100.0, 101.0, 0.05, 20.0), (100.0, 0.0, 1.0, -100.0), (100.0, 110.0, 0.0, 0.0)],
)
def test_annual_growth(initial: float, final: float, years: float, expected: float) -> None:
    assert returns.cagr_pct(initial, final, years) == pytest.approx(expected)


def test_the_deepest_fall_is_told_in_percent_money_and_bars() -> None:
    found = drawdown.max_drawdown(np.array([100.0, 110.0, 105.0, 88.0, 120.0]), 100.0)
    assert (found.percent, found.value, found.bars) == (pytest.approx(20.0), 22.0, 2)


def test_the_initial_capital_is_the_first_peak() -> None:
    found = drawdown.max_drawdown(np.array([90.0, 95.0]), 100.0)
    assert (found.percent, found.value, found.bars) == (pytest.approx(10.0), 10.0, 1)


def test_a_rise_is_measured_from_the_lowest_point_before_it() -> None:
    assert drawdown.max_runup(np.array([90.0, 80.0, 100.0]), 100.0) == (20.0, 25.0)


@pytest.mark.parametrize(("r", "expected"), [([1.0, -1.0, -1.0, 3.0], -2.0), ([-1.0], -1.0), ([0.4, 2.0], 0.0)])
def test_drawdown_in_r_starts_at_zero(r: list[float], expected: float) -> None:
    assert drawdown.max_drawdown_r(np.array(r)) == expected


def test_a_trade_at_exactly_zero_ends_both_streaks() -> None:
    assert statistics.streaks(np.array([1.0, 1.0, 0.0, 1.0, -1.0, -1.0, -1.0])) == statistics.Streaks(2, 3)


def test_an_entry_soon_after_exit_is_quick_reversal() -> None:
    assert statistics.quick_reversals(np.array([0, 7, 20]), np.array([5, 10, 30])) == 1


def test_calendar_months_end_at_midnight_and_chain_to_the_whole() -> None:
    day = 86_400_000
    close_ms = np.arange(1, 60, dtype=np.int64) * day
    equity = 100.0 + np.arange(59.0)
    names, monthly = returns.calendar_returns(equity, close_ms, 100.0, "M")
    assert list(names) == ["1970-01", "1970-02"]
    assert monthly[0] == pytest.approx(0.30)
    assert np.prod(1.0 + monthly) == pytest.approx(equity[-1] / 100.0)


@pytest.mark.parametrize(
    "figure",
    [
        statistics.profit_factor,
        statistics.win_rate_pct,
        statistics.average_win,
        statistics.average_loss,
        statistics.average_trade,
        statistics.payoff_ratio,
        statistics.expectancy,
        statistics.system_quality_number,
        statistics.net_profit_to_largest_loss,
        ratios.downside_deviation,
        ratios.tail_ratio,
        ratios.gain_to_pain_ratio,
    ],
)
def test_nothing_at_all_gives_zero(figure: Callable[[np.ndarray], float]) -> None:
    assert figure(NONE) == 0.0


@given(curves)
def test_drawdown_lies_between_nothing_and_everything(curve: np.ndarray) -> None:
    falls = drawdown.drawdown_series(curve, float(curve[0]))
    assert np.all((falls >= 0.0) & (falls < 1.0))
    assert drawdown.ulcer_index(curve, float(curve[0])) <= drawdown.max_drawdown(curve, float(curve[0])).percent + 1e-9


@given(curves, st.floats(1e-3, 1e3))
def test_relative_figures_do_not_depend_on_the_currency(curve: np.ndarray, scale: float) -> None:
    one, other = drawdown.max_drawdown(curve, 100.0), drawdown.max_drawdown(curve * scale, 100.0 * scale)
    assert other.percent == pytest.approx(one.percent, rel=1e-9, abs=1e-9)
