"""The reference loop itself, against numbers computed by hand: two that err alike would agree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome
from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Execution, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import HOUR_MS, STOP_ONLY, Prices, bars_of, signals_of
from trading_pipeline_tests.domain.backtest.reference_inputs import whole
from trading_pipeline_tests.domain.backtest.reference_loop import Reference

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
TENTH = Limits(risk_per_trade=None, cash_fraction=0.1, max_leverage=1.0, max_daily_loss=None, cooldown_bars=0)
"""A tenth of what is free, without leverage: 10 units at 100 of 10,000."""


def run(
    bars: Sequence[Prices] | BarArrays,
    rows: Sequence[tuple[int, int, float]],
    exits: Exits = STOP_ONLY,
    given: Mapping[str, object] | None = None,
    config: BacktestConfig | None = None,
) -> Reference:
    """One lane of market entries; ``rows`` are (bar, direction, stop)."""
    arrays = bars if isinstance(bars, BarArrays) else bars_of(bars)
    config = replace(config or BacktestConfig(limits=TENTH), exits=exits)
    made = SymbolInput(arrays, signals_of(rows), **(given or {}))
    return Reference([Lane("a", "BTCUSDT", config, made)], {}).run()


def exits_of(run: Reference) -> list[tuple[LegKind, float, float]]:
    """Kind, quantity and price of all fills of the first trade but its entry."""
    return [(fill.kind, round(fill.quantity, 9), fill.price) for fill in run.trades[0].fills[1:]]


def without(bars: BarArrays, *places: int) -> BarArrays:
    """The bars but some."""
    names = ("open_time_ms", "close_time_ms", "open", "high", "low", "close", "volume")
    return BarArrays(*(np.delete(getattr(bars, name), places) for name in names))


def test_direction_decides_which_levels_a_bar_meets() -> None:
    # 10 units at 100, stop 90: R = 10, targets 110 (4) and 120 (4), the rest 2.
    exits = Exits((ExitTarget(1.0, 0.4), ExitTarget(2.0, 0.4)), trail=None)
    falling = run([FLAT, (100.0, 121.0, 89.0, 99.0), FLAT], [(0, 1, 90.0)], exits)
    assert exits_of(falling) == [
        (LegKind.TAKE_PROFIT, 4.0, 110.0),
        (LegKind.TAKE_PROFIT, 4.0, 120.0),
        (LegKind.BREAK_EVEN, 2.0, 100.0),
    ]
    rising = run([FLAT, (100.0, 121.0, 89.0, 101.0), FLAT], [(0, 1, 90.0)], exits)
    assert exits_of(rising) == [(LegKind.STOP_LOSS, 10.0, 90.0)]


def test_a_gap_fills_at_the_open() -> None:
    gap = run([FLAT, (85.0, 86.0, 84.0, 85.0), FLAT], [(0, 1, 90.0)])
    inside = run([FLAT, (95.0, 96.0, 84.0, 85.0), FLAT], [(0, 1, 90.0)])
    assert (exits_of(gap)[0][2], exits_of(inside)[0][2]) == (85.0, 90.0)
    assert [one.trades[0].fills[1].at.ms // HOUR_MS for one in (gap, inside)] == [1, 2]


@pytest.mark.parametrize(("hole", "paid"), [((), 2.0), ((7,), 2.0), ((7, 8), 2.0), ((7, 8, 15), 2.0)])
def test_funding_is_charged_whether_or_not_its_bar_is_there(hole: tuple[int, ...], paid: float) -> None:
    # 10 units at 100, 0.001 at 08:00 and at 16:00: 1 each. Bar 7 closes at 08:00, bar 15 at 16:00.
    due = Funding(np.array([8, 16]) * HOUR_MS, np.array([0.001, 0.001]))
    made = run(without(bars_of([FLAT] * 22), *hole), [(5, 1, 50.0)], given={"funding": due})
    assert made.trades[0].funding == pytest.approx(paid)


def test_funding_without_free_money_moves_the_liquidation() -> None:
    # All of 10,000 at leverage 10: 1,000 units at 100, nothing free. Funding of 0.01 takes 1,000 of the 10,000 of
    # margin: 9 a unit are left, so with 0.5 % of 100 kept the position goes at 100 - 9 + 0.5 = 91.5.
    limits = Limits(risk_per_trade=None, cash_fraction=1.0, max_leverage=10.0, max_daily_loss=None, cooldown_bars=0)
    due = Funding(np.array([2 * HOUR_MS]), np.array([0.01]))
    bars = [FLAT, FLAT, (100.0, 100.0, 91.0, 95.0), FLAT]
    made = run(bars, [(0, 1, 50.0)], given={"funding": due}, config=BacktestConfig(limits=limits))
    assert exits_of(made) == [(LegKind.LIQUIDATION, 1000.0, pytest.approx(91.5))]
    assert made.curve[-1][1] == pytest.approx(500.0)


def test_fees_and_gaps_leave_nothing_below_zero() -> None:
    # Margin and fees of 5.5 bps a unit: 100 / 10 + 100 x 0.00055 x (2 - 1 / 10) = 10.1045; 10,000 / 10.1045 = 989.66.
    # Liquidated at the open 50, below the bankruptcy price 90: the margin of 10 a unit is gone, and no fee is charged.
    limits = Limits(risk_per_trade=None, cash_fraction=1.0, max_leverage=10.0, max_daily_loss=None, cooldown_bars=0)
    config = BacktestConfig(costs=Costs(0.0, 5.5, 0.0), limits=limits)
    made = run([FLAT, (50.0, 50.0, 50.0, 50.0), FLAT], [(0, 1, 10.0)], config=config)
    assert made.trades[0].entered == pytest.approx(10_000 / 10.1045)
    assert exits_of(made)[0][2] == 90.0
    assert made.curve[-1][1] == pytest.approx(10_000 - 10_000 / 10.1045 * (10 + 0.055))


def test_a_part_too_small_joins_the_next_target() -> None:
    # 10 units in lots of 1, least 3: 0.2 of 10 is 2, too small, so 4 leave at 1.5 R; the last 2 are too small again and
    # stay with the runner, which leaves at the entry, where the stop went when the first target was behind it.
    exits = Exits(tuple(ExitTarget(r, 0.2) for r in (1.0, 1.5, 3.0)), trail=None, trail_after_targets=0)
    steps = Steps(quantity_increment=1.0, min_quantity=3.0)
    made = run([FLAT, (100.0, 140.0, 100.0, 140.0), FLAT], [(0, 1, 90.0)], exits, {"steps": steps})
    assert exits_of(made) == [(LegKind.TAKE_PROFIT, 4.0, 115.0), (LegKind.BREAK_EVEN, 6.0, 100.0)]


@pytest.mark.parametrize(
    ("notional", "price", "lots"),
    # as decimals 85,166.683 / 103 = 826.861 and 183,297.5625 / 0.3 = 610,991.875; as floats both lie below
    [(8516.6683 / 0.1, 103.0, 826.861), (18_329.75625 / 0.1, 0.3, 610_991.875), (1000.0, 7.0, 142.857)],
)
def test_whole_lots_are_not_lost_to_the_last_bit(notional: float, price: float, lots: float) -> None:
    assert whole(notional / price, 0.001) == lots


def test_an_exit_at_a_close_frees_its_slot() -> None:
    limits = replace(TENTH, max_open_positions=1)
    config = BacktestConfig(execution=Execution(opposite=Opposite.CLOSE), limits=limits, exits=STOP_ONLY)
    rows = {"A": [(2, 1, 50.0)], "B": [(0, 1, 50.0), (2, -1, 150.0)], "C": [(1, 1, 50.0)]}
    lanes = [
        Lane("a", name, config, SymbolInput(bars_of([FLAT] * 4), signals_of(given))) for name, given in rows.items()
    ]
    made = Reference(lanes, {}).run()
    assert {lane.symbol: lane.outcomes for lane in made.lanes} == {
        "A": [Outcome.FILLED],
        "B": [Outcome.FILLED, Outcome.CLOSED_OPPOSITE],
        "C": [Outcome.MAX_OPEN_POSITIONS],
    }


def test_a_days_loss_counts_across_a_hole() -> None:
    # The bars that close at 24:00 and 01:00 are missing. 100 units fall from 100 to 94 in the bar that closes at 02:00:
    # 6 % of the mark of 23:00, the last before midnight.
    bars = without(bars_of([FLAT] * 25 + [(100.0, 100.0, 94.0, 94.0)] * 2 + [FLAT] * 3), 23, 24)
    limits = replace(TENTH, cash_fraction=1.0, max_daily_loss=0.05)
    made = run(bars, [(0, 1, 94.0), (24, 1, 50.0)], config=BacktestConfig(limits=limits))
    assert made.lanes[0].outcomes == [Outcome.FILLED, Outcome.MAX_DAILY_LOSS]


def test_an_order_does_not_outlive_its_expiry_across_a_hole() -> None:
    signals = EntrySignals(
        np.array([0]), np.array([1]), np.array([50.0]), np.array([int(OrderKind.LIMIT)]), np.array([95.0])
    )
    low: Prices = (95.0, 95.0, 90.0, 95.0)
    config = BacktestConfig(execution=Execution(entry_expiry_bars=2), limits=TENTH, exits=STOP_ONLY)
    outcomes = []
    for bars in (bars_of([FLAT, FLAT, low, low, low]), without(bars_of([FLAT, FLAT, low, low, low]), 1, 2)):
        made = Reference([Lane("a", "X", config, SymbolInput(bars, signals))], {}).run()
        outcomes.append(made.lanes[0].outcomes[0])
    assert outcomes == [Outcome.FILLED, Outcome.EXPIRED]
