"""Margin, fees and funding: an account never ends below zero."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, Timing
from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Execution, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.engine import run_account, run_backtest
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    HOUR_MS,
    STOP_ONLY,
    Prices,
    bars_of,
    config_of,
    run_one,
    signal,
    signals_of,
)

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
ALL_IN = replace(FREE_LIMITS, risk_per_trade=None, cash_fraction=1.0, max_leverage=10.0)


def test_both_fees_are_kept_back_from_the_margin() -> None:
    # q (100 / 10 + 100 x 0.00055 x (2 - 1 / 10)) <= 10,000; the gap takes the margin of 10 each, and the fee is paid.
    bars = [FLAT, (50.0, 50.0, 50.0, 50.0), (50.0,) * 4]
    result = run_one(config_of(STOP_ONLY, costs=Costs(0.0, 5.5, 0.0), limits=ALL_IN), bars, signal(0, 1, 10.0))
    (trade,) = result.trade_list()
    assert trade.quantity == pytest.approx(989.658567)
    assert trade.exit_reason is LegKind.LIQUIDATION
    # What is left is the fee that was kept back for a close at 90: 0.00055 x 90 each.
    assert result.equity[-1] == pytest.approx(989.658567 * 0.0495)


def test_a_short_keeps_back_more_for_its_way_up() -> None:
    # 1 / 10 + 0.00055 x (2 + 1 / 10)
    result = run_one(config_of(STOP_ONLY, costs=Costs(0.0, 5.5, 0.0), limits=ALL_IN), [FLAT] * 3, signal(0, -1, 190.0))
    assert result.trades.quantity[0] == pytest.approx(10_000 / 100 / (0.1 + 0.00055 * 2.1))


def test_slippage_does_not_change_what_risk_sizes() -> None:
    # 1 % of 10,000 over a stop 10 below the close, not below the fill at 101.
    limits = replace(FREE_LIMITS, risk_per_trade=0.01, max_leverage=10.0)
    (trade,) = run_one(
        config_of(costs=Costs(0.0, 0.0, 100.0), limits=limits), [FLAT] * 3, signal(0, 1, 90.0)
    ).trade_list()
    assert (trade.quantity, trade.entry_price) == (pytest.approx(10.0), 101.0)


def test_a_trades_r_is_from_its_fill_to_its_stop() -> None:
    costs = Costs(0.0, 0.0, 100.0)
    (trade,) = run_one(config_of(costs=costs), [FLAT, (90.0,) * 4, FLAT], signal(0, 1, 80.0, 1.0)).trade_list()
    # In at 101, out at 99: -2 over 21.
    assert trade.pnl_r == pytest.approx(-2.0 / 21.0)


def test_funding_that_the_free_balance_cannot_pay_drains_the_margin() -> None:
    # Everything is margin: 1,000 units at 100, 10 each. Funding of 1 % takes 1 each: liquidated at 91, not at 90.
    funding = Funding(np.array([2 * HOUR_MS]), np.array([0.01]))
    bars = [FLAT, FLAT, (100.0, 100.0, 90.5, 95.0), (95.0,) * 4]
    one = SymbolInput(bars_of(bars), signal(0, 1, 10.0), funding=funding)
    (trade,) = run_backtest(config_of(limits=ALL_IN), {"X": one}).trade_list()
    assert (trade.exit_reason, trade.exit_price, trade.funding) == (LegKind.LIQUIDATION, pytest.approx(91.0), 1000.0)
    assert trade.pnl == pytest.approx(-10_000.0)


def test_what_was_drained_leaves_with_the_part_that_leaves() -> None:
    # Half leaves at 110: the half that is left has 9 each of its margin of 10, as before, and is liquidated at 91.
    funding = Funding(np.array([2 * HOUR_MS]), np.array([0.01]))
    exits = Exits((ExitTarget(0.1, 0.5),), target_unit=config_of().exits.target_unit, stop_fraction=None,
                  break_even_after_targets=0, trail=None, trail_after_targets=0)  # fmt: skip
    bars = [FLAT, FLAT, (100.0, 110.0, 100.0, 105.0), (105.0, 105.0, 90.5, 95.0), (95.0,) * 4]
    one = SymbolInput(bars_of(bars), signal(0, 1, 10.0), funding=funding)
    (trade,) = run_backtest(config_of(exits, limits=ALL_IN), {"X": one}).trade_list()
    assert [(leg.kind, leg.price) for leg in trade.legs[1:]] == [
        (LegKind.TAKE_PROFIT, 109.0),
        (LegKind.LIQUIDATION, pytest.approx(91.0)),
    ]


def test_funding_beyond_the_margin_liquidates_once() -> None:
    funding = Funding(np.array([2 * HOUR_MS]), np.array([0.5]))
    one = SymbolInput(bars_of([FLAT] * 4), signal(0, 1, 10.0), funding=funding)
    result = run_backtest(config_of(limits=ALL_IN), {"X": one})
    (trade,) = result.trade_list()
    assert (trade.exit_reason, trade.exit_bar) == (LegKind.LIQUIDATION, 1)
    assert result.equity.tolist() == pytest.approx([10_000.0, 0.0, 0.0, 0.0])


def test_a_stop_that_slips_loses_the_margin_at_most() -> None:
    # 50x: bankrupt 2 % below. The stop at 99 slips 1.4 % to 97.614, but 98.25 is where the margin is gone
    # (the fill of the entry slipped too: 101.4 x 0.98 = 99.372, which is above what the stop would get).
    limits = replace(FREE_LIMITS, risk_per_trade=None, fixed_margin=100.0, max_leverage=50.0)
    bars = [FLAT, (100.0, 100.0, 99.9, 99.9), (99.9,) * 4]
    result = run_one(config_of(costs=Costs(0.0, 0.0, 90.0), limits=limits), bars, signal(0, 1, 99.95))
    (trade,) = result.trade_list()
    assert trade.pnl >= -100.0 * (1 + 1e-9)


def test_slippage_that_would_liquidate_at_the_entry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"slippage_bps = 100.0 at max_leverage = 100.0"):
        BacktestConfig().with_values({"slippage_bps": 100.0, "max_leverage": 100.0})


@st.composite
def gapping(draw: st.DrawFn) -> tuple[BarArrays, int]:
    """Bars that jump, some of them missing."""
    seed, count = draw(st.integers(0, 2**32 - 1)), 60
    rng = np.random.default_rng(seed)
    scale = draw(st.sampled_from([0.005, 0.05, 0.3]))
    close = np.maximum(100.0 * np.exp(np.cumsum(rng.normal(0.0, scale, count))), 0.5)
    opens = close * np.exp(rng.normal(0.0, scale, count))
    high = np.maximum(opens, close) * (1 + np.abs(rng.normal(0.0, scale / 2, count)))
    low = np.minimum(opens, close) / (1 + np.abs(rng.normal(0.0, scale / 2, count)))
    kept = rng.random(count) > 0.15
    bars = bars_of(list(zip(opens, high, low, close, strict=True)))
    return BarArrays(*(getattr(bars, name)[kept] for name in BarArrays.__slots__ if name != "higher")), seed


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(gapping(), gapping()),
    st.floats(1.0, 100.0),
    st.sampled_from([0.0, 0.005]),
    st.sampled_from([0.0, 5.5, 100.0]),
    st.sampled_from([0.0, 0.001, 0.02, 0.3]),
    st.sampled_from(["cash_fraction", "risk_per_trade"]),
    st.sampled_from(Timing),
    st.sampled_from(Opposite),
    st.booleans(),
)
def test_equity_never_falls_below_zero(
    markets: tuple[tuple[BarArrays, int], tuple[BarArrays, int]],
    leverage: float,
    maintenance: float,
    fee: float,
    rate: float,
    sizing: str,
    timing: Timing,
    opposite: Opposite,
    laned: bool,
) -> None:
    limits = Limits(
        **{"risk_per_trade": None, sizing: 1.0},  # type: ignore[arg-type]
        max_open_positions=5, max_leverage=leverage, maintenance_margin=maintenance, max_daily_loss=None,
    )  # fmt: skip
    exits = Exits((ExitTarget(1.0, 0.5),), break_even_after_targets=1, trail_after_targets=1)
    config = BacktestConfig(
        10_000.0, Execution(timing, opposite=opposite, max_layers=2), Costs(fee, fee), limits, exits
    )
    lanes = []
    for name, (bars, seed) in zip("XY", markets, strict=True):
        rng = np.random.default_rng(seed)
        at = np.sort(rng.integers(0, len(bars), 20))
        side = rng.choice([-1, 1], 20)
        stops = np.where(rng.random(20) < 0.5, 1 - side * 0.02, 1 - side * 0.8) * bars.close[at]
        signals = EntrySignals(at, side, np.abs(stops))
        events = np.arange(bars.open_time_ms[0], bars.close_time_ms[-1] + 1, HOUR_MS)
        funding = Funding(events, rate * rng.choice([-1.0, 1.0], len(events)))
        one = SymbolInput(bars, signals, Steps(0.01, 0.001), funding=funding)
        lanes += [Lane(strategy, name, config, one) for strategy in ("ab" if laned else "a")]
    result = run_account(lanes, {})
    rounding = 1e-9 * result.equity.max()
    assert result.equity.min() >= -rounding
    assert 10_000.0 + result.trades.pnl.sum() == pytest.approx(result.equity[-1], abs=rounding)


def test_a_bankrupt_account_buys_nothing_from_rounding() -> None:
    bars = [FLAT, (50.0,) * 4, (50.0,) * 4, (50.0,) * 4]
    result = run_one(config_of(limits=ALL_IN), bars, signals_of([(0, 1, 10.0), (1, 1, 10.0), (2, 1, 10.0)]))
    assert result.outcome_counts() == {"filled": 1, "too_small": 2}
