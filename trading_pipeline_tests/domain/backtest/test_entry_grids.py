from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Timing
from trading_pipeline.domain.backtest.config import Execution, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.results import BacktestResult, Trade
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.strategies.avi5.levels import entry_grid
from trading_pipeline.domain.strategies.framework.arrays import Decisions
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    STOP_ONLY,
    Prices,
    config_of,
    random_bars,
    run_one,
    signal,
)

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
QUIET: Prices = (100.0, 101.0, 99.0, 100.0)
GRID = Execution(max_layers=3, entry_expiry_bars=3)
# 45 at risk, distances of 20, 15 and 10 from the stop: one unit per level.
RISK = replace(FREE_LIMITS, risk_per_trade=0.0045)
TARGET = Exits((ExitTarget(1.0, 0.4),), trail=None, trail_after_targets=0)


def grids_at(rows: list[tuple[int, int, float, float]], count: int = 3, step_r: float = 0.25) -> EntrySignals:
    """Grids from (bar, direction, entry, stop)."""
    bars, directions, entries, stops = (np.array(column) for column in zip(*rows, strict=True))
    entry, stop = entries.astype(float), stops.astype(float)
    score = np.full(len(rows), 50.0)
    return EntrySignals.of_decisions(
        Decisions(bars, directions, entry, stop, score, grid=entry_grid(entry, stop, count, step_r))
    )


LONG = grids_at([(0, 1, 100.0, 80.0)])


def quantities(trade: Trade, kind: LegKind) -> list[float]:
    return [round(leg.fraction * trade.quantity, 9) for leg in trade.legs if leg.kind is kind]


def outcomes(result: BacktestResult) -> list[str]:
    return [Outcome(int(code)).label for code in result.outcomes]


def test_all_levels_stopped_together_lose_one_r() -> None:
    bars = [FLAT, (100.0, 100.0, 94.0, 96.0), (96.0, 96.0, 90.0, 92.0), (92.0, 92.0, 79.0, 79.0)]
    (trade,) = run_one(config_of(STOP_ONLY, GRID, limits=RISK), bars, LONG).trade_list()
    assert [leg.price for leg in trade.legs] == [100.0, 95.0, 90.0, 80.0]
    assert quantities(trade, LegKind.ENTRY) + quantities(trade, LegKind.ADD) == [1.0, 1.0, 1.0]
    assert (trade.layers, trade.entry_price) == (3, pytest.approx(95.0))
    assert (trade.pnl, trade.pnl_r) == (pytest.approx(-45.0), pytest.approx(-1.0))


def test_a_short_grid_is_the_mirror_of_a_long_one() -> None:
    bars = [FLAT, (100.0, 106.0, 100.0, 104.0), (104.0, 110.0, 104.0, 108.0), (108.0, 121.0, 108.0, 121.0)]
    short = grids_at([(0, -1, 100.0, 120.0)])
    (trade,) = run_one(config_of(STOP_ONLY, GRID, limits=RISK), bars, short).trade_list()
    assert [leg.price for leg in trade.legs] == [100.0, 105.0, 110.0, 120.0]
    assert trade.pnl == pytest.approx(-45.0)


def test_the_first_target_cancels_the_levels_that_are_left() -> None:
    # Two levels average 97.5, so 1 R is 17.5 above; what falls to 90 afterwards finds no order there.
    bars = [FLAT, (100.0, 100.0, 94.0, 96.0), (96.0, 116.0, 96.0, 116.0), (116.0, 116.0, 89.0, 95.0), FLAT]
    result = run_one(config_of(TARGET, GRID, limits=RISK), bars, LONG)
    (trade,) = result.trade_list()
    assert outcomes(result) == ["filled", "filled", "cancelled"]
    assert [leg.price for leg in trade.legs] == [100.0, 95.0, 115.0, 97.5]
    assert trade.exit_reason is LegKind.BREAK_EVEN


@pytest.mark.parametrize(("quiet", "expected"), [(2, "filled"), (3, "expired")])
def test_a_level_rests_for_three_bars(quiet: int, expected: str) -> None:
    bars = [FLAT, *[QUIET] * quiet, (100.0, 100.0, 94.0, 100.0), QUIET]
    result = run_one(config_of(STOP_ONLY, GRID, limits=RISK), bars, LONG)
    assert outcomes(result) == ["filled", expected, "expired"]


def test_a_level_that_a_gap_fills_better_keeps_its_quantity() -> None:
    bars = [FLAT, (92.0, 96.0, 92.0, 96.0), FLAT]
    (trade,) = run_one(config_of(STOP_ONLY, GRID, limits=RISK), bars, LONG).trade_list()
    assert (trade.legs[1].price, quantities(trade, LegKind.ADD)) == (92.0, [1.0])


def test_a_second_grid_does_not_add_to_the_first() -> None:
    bars = [FLAT, QUIET, (100.0, 100.0, 94.0, 96.0), FLAT]
    both = grids_at([(0, 1, 100.0, 80.0), (1, 1, 100.0, 80.0)])
    result = run_one(config_of(STOP_ONLY, Execution(max_layers=9, entry_expiry_bars=3), limits=RISK), bars, both)
    assert outcomes(result) == ["filled", "filled", "cancelled", "position_open", "cancelled", "cancelled"]
    assert result.trades.quantity.tolist() == pytest.approx([2.0])


@pytest.mark.parametrize("opposite", Opposite)
def test_levels_whose_first_was_refused_touch_no_other_position(opposite: Opposite) -> None:
    # At the next open the long is refused, closes the short, or takes its place.
    execution = Execution(Timing.NEXT_OPEN, opposite=opposite, max_layers=3, entry_expiry_bars=3)
    short, long = signal(0, -1, 130.0), grids_at([(1, 1, 100.0, 80.0)])
    both = EntrySignals(
        np.concatenate([short.bar_index, long.bar_index]),
        np.concatenate([short.direction, long.direction]),
        np.concatenate([short.stop_price, long.stop_price]),
        np.concatenate([short.kinds(), long.kinds()]),
        np.concatenate([[np.nan], long.limit_price if long.limit_price is not None else []]),
        share=np.concatenate([[1.0], long.share if long.share is not None else []]),
        level=np.concatenate([[0], long.level if long.level is not None else []]).astype(np.int64),
    )
    bars = [FLAT, FLAT, FLAT, (100.0, 100.0, 94.0, 96.0), FLAT]
    result = run_one(config_of(STOP_ONLY, execution, limits=RISK), bars, both)
    expected = {
        Opposite.IGNORE: (["filled", "position_open", "cancelled", "expired"], [-1]),
        Opposite.CLOSE: (["filled", "closed_opposite", "cancelled", "expired"], [-1]),
        Opposite.REVERSE: (["filled", "filled", "filled", "cancelled"], [-1, 1]),
    }
    assert (outcomes(result), result.trades.direction.tolist()) == expected[opposite]


def test_max_layers_bounds_the_levels_too() -> None:
    bars = [FLAT, (100.0, 100.0, 89.0, 95.0), FLAT]
    result = run_one(config_of(STOP_ONLY, replace(GRID, max_layers=2), limits=RISK), bars, LONG)
    assert outcomes(result) == ["filled", "filled", "position_open"]


@pytest.mark.parametrize(
    ("limits", "margins"),
    [
        (replace(FREE_LIMITS, risk_per_trade=None, cash_fraction=0.45), [2000.0, 1500.0, 1000.0]),
        (replace(FREE_LIMITS, risk_per_trade=None, fixed_margin=450.0), [200.0, 150.0, 100.0]),
    ],
)
def test_levels_share_the_amount_of_the_other_sizing_rules(limits: Limits, margins: list[float]) -> None:
    bars = [FLAT, (100.0, 100.0, 89.0, 95.0), FLAT]
    (trade,) = run_one(config_of(STOP_ONLY, GRID, limits=limits), bars, LONG).trade_list()
    fills = [leg for leg in trade.legs if leg.kind in (LegKind.ENTRY, LegKind.ADD)]
    assert [leg.fraction * trade.quantity * leg.price for leg in fills] == pytest.approx(margins)


@pytest.mark.parametrize("level", [[1, 3, 2], [2, 3, 0], [1, 2, -1], [0, 2, 0]])
def test_levels_that_do_not_follow_each_other_are_refused(level: list[int]) -> None:
    with pytest.raises(DataError, match="does not follow the one before"):
        replace(LONG, level=np.array(level))


def test_levels_of_different_sides_or_bars_are_refused() -> None:
    with pytest.raises(DataError, match="same bar and side"):
        replace(LONG, direction=np.array([1, 1, -1]))
    with pytest.raises(DataError, match="same bar and side"):
        replace(LONG, bar_index=np.array([0, 0, 1]))
    with pytest.raises(DataError, match="same bar and side"):
        replace(LONG, kind=np.full(3, int(OrderKind.EXIT)))


@pytest.mark.parametrize("share", [0.0, -1.0, np.nan, np.inf])
def test_a_share_that_is_no_part_of_an_amount_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="share of the sizing rule's amount is not positive"):
        replace(LONG, share=np.array([share, 0.5, 0.5]))


@settings(max_examples=120, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([-1, 1]),
    st.integers(1, 6),
    st.floats(0.01, 0.15),
    st.floats(0.005, 0.05),
    st.sampled_from(IntrabarPath),
    st.sampled_from(Timing),
)
def test_a_grid_never_loses_more_than_its_risk_at_the_stop(
    seed: int, side: int, count: int, step_r: float, distance: float, path: IntrabarPath, timing: Timing
) -> None:
    bars = random_bars(120, seed, 0.01)
    entry = float(bars.close[5])
    stop = entry * (1 - side * distance)
    execution = Execution(timing, path, max_layers=count, entry_expiry_bars=100)
    limits = replace(FREE_LIMITS, risk_per_trade=0.01, max_leverage=100.0)
    result = run_one(
        config_of(STOP_ONLY, execution, limits=limits), bars, grids_at([(5, side, entry, stop)], count, step_r)
    )
    (trade,) = result.trade_list()
    assert trade.layers <= count
    assert trade.exit_reason is not LegKind.STOP_LOSS or trade.pnl >= -100.0 * (1 + 1e-9)
    if trade.exit_reason is LegKind.STOP_LOSS and trade.layers == count:
        assert trade.pnl == pytest.approx(-100.0)
    assert np.ptp([leg.fraction for leg in trade.legs if leg.kind in (LegKind.ENTRY, LegKind.ADD)]) < 1e-9
