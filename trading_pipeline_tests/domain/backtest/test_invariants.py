from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, Smoothing, Timing, Unit
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    Limits,
    PercentTrail,
    PivotTrail,
)
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, SymbolInput
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.strategies.avi5.levels import entry_grid
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Decisions
from trading_pipeline_tests.domain.backtest.cases import (
    STOP_ONLY,
    config_of,
    percent_exits,
    random_bars,
    run_one,
    signal,
    signals_of,
)

BARS = 120
seeds = st.integers(0, 2**32 - 1)


def random_signals(bars: BarArrays, seed: int, count: int = 25, quantity: float = np.nan) -> EntrySignals:
    """Entries at random bars, stops one to three percent away."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, len(bars), count))
    side = rng.choice([-1, 1], count)
    stops = bars.close[at] * (1.0 - side * rng.uniform(0.01, 0.03, count))
    return signals_of(list(zip(at.tolist(), side.tolist(), stops.tolist(), strict=True)), quantity)


def random_grids(bars: BarArrays, seed: int) -> EntrySignals:
    """The same entries, each in three levels."""
    plain = random_signals(bars, seed)
    entry, stop = bars.close[plain.bar_index], plain.stop_price
    grid = entry_grid(entry, stop, 3, 0.25)
    score = np.full(len(plain), 50.0)
    return EntrySignals.of_decisions(Decisions(plain.bar_index, plain.direction, entry, stop, score, grid=grid))


@st.composite
def configs(draw: st.DrawFn) -> BacktestConfig:
    """Any sensible combination of rules."""
    targets = draw(st.sampled_from([(), (ExitTarget(1.0, 1.0),), (ExitTarget(1.0, 0.4), ExitTarget(2.0, 0.4))]))
    exits = Exits(
        targets=targets,
        target_unit=draw(st.sampled_from([Unit.R])),
        break_even_after_targets=draw(st.integers(0, len(targets))),
        trail=draw(st.sampled_from([None, AtrTrail(2.0, 5, Smoothing.WILDER), PivotTrail(), PercentTrail()])),
        trail_after_targets=draw(st.integers(0, len(targets))),
        move_stop_at_close=draw(st.booleans()),
        max_holding_bars=draw(st.sampled_from([0, 1, 7])),
    )
    execution = Execution(
        draw(st.sampled_from(Timing)),
        draw(st.sampled_from(IntrabarPath)),
        draw(st.sampled_from(Opposite)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 4)),
    )
    costs = Costs(
        draw(st.sampled_from([-1.0, 0.0, 2.0])), draw(st.sampled_from([0.0, 5.5])), draw(st.sampled_from([0.0, 3.0]))
    )
    limits = Limits(max_leverage=draw(st.sampled_from([1.0, 5.0, 50.0])), cooldown_bars=draw(st.integers(0, 3)))
    return BacktestConfig(10_000.0, execution, costs, limits, exits)


def random_inputs(seed: int, count: int) -> dict[str, SymbolInput]:
    """Some instruments with signals and funding; every second one enters in levels."""
    inputs = {}
    for i in range(count):
        bars = random_bars(BARS - 10 * i, seed + i, 0.01)
        funding = Funding(bars.close_time_ms[::8], np.full(len(bars.close_time_ms[::8]), 1e-4))
        signals = (random_grids if i % 2 else random_signals)(bars, seed + i)
        inputs[f"S{i}"] = SymbolInput(bars, signals, funding=funding)
    return inputs


@settings(max_examples=150, deadline=None)
@given(configs(), seeds)
def test_the_money_adds_up_whatever_the_rules(config: BacktestConfig, seed: int) -> None:
    # The engine raises when its books and its fills differ; here the sum is made once more.
    result = run_backtest(config, random_inputs(seed, 3))
    assert config.initial_capital + result.trades.pnl.sum() == pytest.approx(result.equity[-1], rel=1e-9)
    assert np.isfinite(result.equity).all()
    for trade in result.trade_list():
        closed = sum(leg.fraction for leg in trade.legs if leg.kind not in (LegKind.ENTRY, LegKind.ADD))
        assert closed == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(configs(), seeds)
def test_the_order_of_symbols_does_not_matter(config: BacktestConfig, seed: int) -> None:
    inputs = random_inputs(seed, 3)
    one = run_backtest(config, inputs)
    other = run_backtest(config, dict(reversed(inputs.items())))
    assert one.trade_list() == other.trade_list()
    assert np.array_equal(one.equity, other.equity)


@settings(max_examples=50, deadline=None)
@given(configs(), seeds)
def test_doubling_prices_doubles_the_profit_of_a_fixed_quantity(config: BacktestConfig, seed: int) -> None:
    limits = replace(config.limits, max_leverage=20.0, max_daily_loss=None)
    config = replace(config, limits=limits, initial_capital=1e6)
    bars = random_bars(BARS, seed, 0.01)
    twice = BarArrays(
        bars.open_time_ms, bars.close_time_ms, bars.open * 2, bars.high * 2, bars.low * 2, bars.close * 2, bars.volume
    )
    one = run_one(config, bars, random_signals(bars, seed, quantity=1.0))
    other = run_one(config, twice, random_signals(twice, seed, quantity=1.0))
    assert np.array_equal(one.trades.pnl * 2, other.trades.pnl)
    assert np.array_equal(one.trades.pnl_r, other.trades.pnl_r)


@settings(max_examples=50, deadline=None)
@given(configs(), seeds)
def test_doubling_prices_changes_no_grids_profit(config: BacktestConfig, seed: int) -> None:
    bars = random_bars(BARS, seed, 0.01)
    twice = BarArrays(
        bars.open_time_ms, bars.close_time_ms, bars.open * 2, bars.high * 2, bars.low * 2, bars.close * 2, bars.volume
    )
    one = run_one(config, bars, random_grids(bars, seed))
    other = run_one(config, twice, random_grids(twice, seed))
    assert np.array_equal(one.trades.pnl, other.trades.pnl)
    assert np.array_equal(one.outcomes, other.outcomes)


@settings(max_examples=50, deadline=None)
@given(configs(), seeds, st.integers(20, BARS - 20))
def test_what_happened_before_a_bar_does_not_depend_on_what_follows(
    config: BacktestConfig, seed: int, cut: int
) -> None:
    bars = random_bars(BARS, seed, 0.01)
    signals = random_signals(bars, seed)
    kept = signals.bar_index < cut - 1
    short = BarArrays(*(getattr(bars, name)[:cut] for name in BarArrays.__slots__ if name != "higher"))
    part = EntrySignals(signals.bar_index[kept], signals.direction[kept], signals.stop_price[kept])
    whole, early = run_one(config, bars, signals), run_one(config, short, part)
    assert np.array_equal(whole.equity[: cut - 1], early.equity[: cut - 1])


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from([AtrTrail(2.0, 5), PivotTrail(), PercentTrail(0.005, 0.01)]))
def test_a_trailing_stop_never_leaves_later_than_the_stop_it_tightens(
    seed: int, trail: AtrTrail | PivotTrail | PercentTrail
) -> None:
    bars = random_bars(BARS, seed, 0.01)
    entry = signal(20, 1, float(bars.close[20]) * 0.97, 1.0)
    fixed = run_one(config_of(STOP_ONLY), bars, entry)
    trailed = run_one(config_of(replace(STOP_ONLY, trail=trail)), bars, entry)
    assert trailed.trades.exit_bar[0] <= fixed.trades.exit_bar[0]
    assert trailed.trades.pnl_r[0] >= min(fixed.trades.pnl_r[0], -1.0) - 1e-9


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(0.002, 0.03), st.floats(1.1, 3.0))
def test_a_tighter_stop_is_never_hit_later(seed: int, distance: float, wider: float) -> None:
    bars = random_bars(BARS, seed, 0.01)
    exits = [
        run_one(config_of(), bars, signal(5, 1, float(bars.close[5]) * (1 - d), 1.0))
        for d in (distance, distance * wider)
    ]
    assert exits[0].trades.exit_bar[0] <= exits[1].trades.exit_bar[0]


def plain_exit(bars: BarArrays, entry: int, direction: int, stop: float, target: float) -> tuple[int, float]:
    """Where a position with one stop and one target ends, read off the bars one by one."""
    for i in range(entry + 1, len(bars)):
        o, h, low, c = (float(column[i]) for column in (bars.open, bars.high, bars.low, bars.close))
        for at_open in (direction * (o - stop) <= 0, direction * (o - target) >= 0):
            if at_open:
                return i, o
        stopped, reached = (low <= stop, h >= target) if direction > 0 else (h >= stop, low <= target)
        if stopped and reached:
            high_first = c < o
            return (i, target) if high_first == (direction > 0) else (i, stop)
        if stopped or reached:
            return i, stop if stopped else target
    return len(bars) - 1, float(bars.close[-1])


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from([-1, 1]), st.floats(0.002, 0.05), st.floats(0.002, 0.05))
def test_stop_and_target_agree_with_a_reading_of_the_bars(
    seed: int, direction: int, stop: float, target: float
) -> None:
    bars = random_bars(BARS, seed, 0.01)
    result = run_one(config_of(percent_exits(stop, target)), bars, signal(3, direction, quantity=1.0))
    entry = float(bars.close[3])
    bar, price = plain_exit(bars, 3, direction, entry * (1 - direction * stop), entry * (1 + direction * target))
    assert result.trades.exit_bar[0] == bar
    assert result.trades.exit_price[0] == pytest.approx(price, rel=1e-12)
