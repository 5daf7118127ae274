from dataclasses import replace

import numpy as np
import pytest

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Timing, Unit
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    FundingExit,
    Limits,
    PercentTrail,
    PivotTrail,
)
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    HOUR_MS,
    STOP_ONLY,
    Prices,
    bars_of,
    config_of,
    golden_bars,
    order,
    percent_exits,
    run_one,
    signal,
    signals_of,
)

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
LADDER = Exits((ExitTarget(1.0, 0.4), ExitTarget(2.0, 0.4)), trail=None, trail_after_targets=0)


@pytest.mark.parametrize(
    ("seed", "bar", "direction", "stop", "r", "reason", "exit_bar"),
    [
        (17, 253, 1, 30311.5, -1.0, LegKind.STOP_LOSS, 264),
        (7, 233, 1, 31016.0, -1.0, LegKind.STOP_LOSS, 234),
        (33, 325, -1, 30125.0, 2.183862, LegKind.TRAILING_STOP, 386),
        (4, 546, -1, 31729.5, 0.4, LegKind.BREAK_EVEN, 563),
        (29, 382, 1, 30205.5, 1.825294, LegKind.TRAILING_STOP, 583),
    ],
)
def test_the_default_lifecycle_earns_what_the_golden_series_says(
    seed: int, bar: int, direction: int, stop: float, r: float, reason: LegKind, exit_bar: int
) -> None:
    result = run_one(BacktestConfig(), golden_bars(seed, 1200), signal(bar, direction, stop))
    (trade,) = result.trade_list()
    assert trade.pnl_r == pytest.approx(r, abs=1e-6)
    assert (trade.exit_reason, trade.exit_bar) == (reason, exit_bar)


def test_the_golden_runner_has_its_three_exits() -> None:
    (trade,) = run_one(BacktestConfig(), golden_bars(33, 700), signal(325, -1, 30125.0)).trade_list()
    exits = [(leg.time_ms // HOUR_MS - 1, round(leg.price, 4), round(leg.fraction, 9)) for leg in trade.legs[1:]]
    assert exits == [(333, 29801.0, 0.4), (337, 29639.0, 0.4), (386, 29166.0714, 0.2)]


@pytest.mark.parametrize(
    ("bar", "path", "price", "reason"),
    [
        # Below the stop at once: the open is all there is.
        ((80.0, 85.0, 78.0, 82.0), IntrabarPath.CANDLE_DIRECTION, 80.0, LegKind.STOP_LOSS),
        # Beyond the target at once: the open is better.
        ((125.0, 126.0, 124.0, 125.0), IntrabarPath.CANDLE_DIRECTION, 125.0, LegKind.TAKE_PROFIT),
        # A rising bar visits the low last, a falling bar first.
        ((100.0, 121.0, 89.0, 101.0), IntrabarPath.CANDLE_DIRECTION, 120.0, LegKind.TAKE_PROFIT),
        ((100.0, 121.0, 89.0, 99.0), IntrabarPath.CANDLE_DIRECTION, 90.0, LegKind.STOP_LOSS),
        ((100.0, 121.0, 89.0, 101.0), IntrabarPath.PULLBACK_FIRST, 90.0, LegKind.STOP_LOSS),
        ((100.0, 121.0, 89.0, 99.0), IntrabarPath.PULLBACK_FIRST, 120.0, LegKind.TAKE_PROFIT),
        ((100.0, 121.0, 89.0, 100.0), IntrabarPath.PULLBACK_FIRST, 90.0, LegKind.STOP_LOSS),
        ((100.0, 121.0, 89.0, 101.0), IntrabarPath.NEAREST_EXTREME, 90.0, LegKind.STOP_LOSS),
        ((100.0, 121.0, 75.0, 99.0), IntrabarPath.NEAREST_EXTREME, 120.0, LegKind.TAKE_PROFIT),
        # As far up as down takes the low first.
        ((100.0, 121.0, 79.0, 99.0), IntrabarPath.NEAREST_EXTREME, 90.0, LegKind.STOP_LOSS),
        ((100.0, 121.0, 89.0, 101.0), IntrabarPath.CONSERVATIVE, 90.0, LegKind.STOP_LOSS),
        # Touching is enough.
        ((100.0, 120.0, 95.0, 110.0), IntrabarPath.CANDLE_DIRECTION, 120.0, LegKind.TAKE_PROFIT),
        ((100.0, 101.0, 90.0, 95.0), IntrabarPath.CANDLE_DIRECTION, 90.0, LegKind.STOP_LOSS),
    ],
)
def test_a_long_leaves_where_the_path_first_meets_a_level(
    bar: Prices, path: IntrabarPath, price: float, reason: LegKind
) -> None:
    exits = Exits((ExitTarget(2.0, 1.0),), break_even_after_targets=0, trail=None, trail_after_targets=0)
    config = config_of(exits, Execution(path=path))
    (trade,) = run_one(config, [FLAT, bar, FLAT], signal(0, 1, 90.0, 1.0)).trade_list()
    assert (trade.exit_price, trade.exit_reason) == (price, reason)
    assert trade.pnl == pytest.approx(price - 100.0)
    assert trade.pnl_r == pytest.approx((price - 100.0) / 10.0)


@pytest.mark.parametrize(("start", "price"), [(101.0, 103.0), (99.0, 98.0)])
def test_the_nearer_extreme_comes_first(start: float, price: float) -> None:
    config = config_of(percent_exits(0.02, 0.03), Execution(path=IntrabarPath.NEAREST_EXTREME))
    bars = [FLAT, (start, 103.5, 97.5, 100.0), FLAT]
    (trade,) = run_one(config, bars, signal(0, 1, quantity=1.0)).trade_list()
    assert trade.exit_price == pytest.approx(price)


def test_a_next_open_round_trip_pays_both_sides() -> None:
    bars = [FLAT, (101.0, 101.0, 101.0, 101.0), FLAT, (105.0, 105.0, 105.0, 105.0), FLAT]
    signals = EntrySignals(np.array([0, 2]), np.array([1, 0]), np.full(2, np.nan), np.array([0, int(OrderKind.EXIT)]))
    limits = Limits(risk_per_trade=None, cash_fraction=0.1, max_leverage=10.0, max_daily_loss=None, cooldown_bars=0)
    config = config_of(STOP_ONLY, Execution(timing=Timing.NEXT_OPEN), Costs(0.0, 6.0, 5.0), limits)
    result = run_one(config, bars, signals)
    (trade,) = result.trade_list()
    assert trade.entry_price == pytest.approx(101.0505, abs=1e-4)
    assert trade.quantity == pytest.approx(98.960421, abs=1e-6)
    assert trade.exit_price == pytest.approx(104.9475, abs=1e-4)
    assert trade.fees == pytest.approx(6.0 + 6.2314, abs=1e-4)
    assert trade.pnl == pytest.approx(373.4174, abs=1e-4)
    assert result.equity[-1] == pytest.approx(10373.4174, abs=1e-4)
    assert trade.exit_reason is LegKind.SIGNAL_EXIT
    assert trade.slippage == pytest.approx(98.960421 * (0.0505 + 0.0525), abs=1e-6)


def test_only_orders_that_take_slip() -> None:
    bars = [FLAT, (100.0, 112.0, 98.0, 99.0), FLAT]
    config = config_of(LADDER, costs=Costs(0.0, 0.0, 10.0))
    (trade,) = run_one(config, bars, signal(0, 1, 90.1, 1.0)).trade_list()
    assert [leg.kind for leg in trade.legs] == [LegKind.ENTRY, LegKind.TAKE_PROFIT, LegKind.BREAK_EVEN]
    assert trade.slippage == pytest.approx(0.1 + 0.6 * 100.1 * 0.001)


def test_the_first_target_pulls_the_stop_at_once() -> None:
    bars = [FLAT, (100.0, 112.0, 98.0, 99.0), (99.0, 99.0, 95.0, 95.0)]
    (trade,) = run_one(config_of(LADDER), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    assert [leg.kind for leg in trade.legs] == [LegKind.ENTRY, LegKind.TAKE_PROFIT, LegKind.BREAK_EVEN]
    assert trade.pnl_r == pytest.approx(0.4)


def test_a_stop_moved_at_closes_spares_the_bar() -> None:
    exits = Exits(LADDER.targets, trail=None, trail_after_targets=0, move_stop_at_close=True)
    bars = [FLAT, (100.0, 112.0, 98.0, 101.0), (101.0, 102.0, 97.0, 98.0), FLAT]
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    assert (trade.exit_reason, trade.exit_bar) == (LegKind.BREAK_EVEN, 2)


def test_a_percent_trail_follows_the_best_price_and_never_loosens() -> None:
    exits = Exits((), break_even_after_targets=0, trail=PercentTrail(0.01, 0.005), trail_after_targets=0)
    bars = [
        FLAT,
        (100.0, 101.2, 100.0, 101.1),
        (101.1, 102.0, 101.0, 101.8),
        (101.8, 101.9, 101.6, 101.7),
        (101.7, 101.7, 100.0, 100.0),
    ]
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    assert trade.exit_price == pytest.approx(101.49)
    assert trade.exit_reason is LegKind.TRAILING_STOP


def test_an_atr_stop_holds_from_the_next_bar() -> None:
    exits = Exits((), break_even_after_targets=0, trail=AtrTrail(1.0, 2), trail_after_targets=0)
    bars = [FLAT, (100.0, 101.0, 99.0, 100.0), (100.0, 101.0, 99.0, 100.0), (100.0, 110.0, 97.0, 110.0), FLAT, FLAT]
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    # Bar 3 itself trades below the stop of 98 known before it.
    assert (trade.exit_bar, trade.exit_price) == (3, 98.0)


def test_a_pivot_trail_waits_for_the_pivot_to_be_confirmed() -> None:
    exits = Exits((), break_even_after_targets=0, trail=PivotTrail(1, 1), trail_after_targets=0)
    lows = [99.0, 98.0, 97.0, 99.0, 99.0, 96.0, 96.0]
    bars = [(100.0, 101.0, low, 100.0) for low in lows]
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    assert (trade.exit_bar, trade.exit_price) == (5, 97.0)


@pytest.mark.parametrize(
    ("momentum", "reason"),
    [
        ((-11.648148, -4.805806), LegKind.END_OF_DATA),
        ((-11.648148, -12.0), LegKind.NEXT_BAR_EXIT),
        ((np.nan, -12.0), LegKind.END_OF_DATA),
        ((0.3, 0.1 + 0.2), LegKind.NEXT_BAR_EXIT),  # 0.30000000000000004: at a price of 100 that is rounding
        ((0.3, 0.3 + 1e-9), LegKind.END_OF_DATA),
    ],
)
def test_a_long_without_momentum_leaves_next_close(momentum: tuple[float, float], reason: LegKind) -> None:
    exits = Exits((), break_even_after_targets=0, trail=None, trail_after_targets=0, next_bar_exit=True)
    series = np.array([*momentum, -20.0, -30.0])
    one = SymbolInput(bars_of([FLAT] * 4), signal(0, 1, 90.0, 1.0), momentum=series)
    (trade,) = run_backtest(config_of(exits), {"BTCUSDT": one}).trade_list()
    assert trade.exit_reason is reason


def test_the_stop_comes_before_the_next_bar_exit() -> None:
    exits = Exits((), break_even_after_targets=0, trail=None, trail_after_targets=0, next_bar_exit=True)
    bars = bars_of([(31042.5,) * 4, (31042.5, 31051.0, 30930.0, 30950.5), (30950.5,) * 4])
    one = SymbolInput(bars, signal(0, 1, 31016.0, 0.01), momentum=np.array([-6.65, -11.0, 0.0]))
    (trade,) = run_backtest(config_of(exits), {"BTCUSDT": one}).trade_list()
    assert (trade.exit_price, trade.exit_reason, trade.pnl_r) == (
        pytest.approx(31016.0),
        LegKind.STOP_LOSS,
        pytest.approx(-1.0),
    )


@pytest.mark.parametrize(
    ("kind", "direction", "price", "bar", "entry"),
    [
        (OrderKind.LIMIT, 1, 98.0, (100.0, 101.0, 97.0, 99.0), 98.0),
        (OrderKind.LIMIT, 1, 98.0, (96.0, 101.0, 95.0, 99.0), 96.0),
        (OrderKind.LIMIT, -1, 103.0, (100.0, 104.0, 97.0, 99.0), 103.0),
        (OrderKind.STOP, 1, 103.0, (100.0, 104.0, 97.0, 99.0), 103.0),
        (OrderKind.STOP, 1, 103.0, (105.0, 106.0, 104.0, 105.0), 105.0),
        (OrderKind.STOP, -1, 98.0, (100.0, 104.0, 97.0, 99.0), 98.0),
    ],
)
def test_a_resting_entry_fills_at_price_or_better(
    kind: OrderKind, direction: int, price: float, bar: Prices, entry: float
) -> None:
    stop = 80.0 if direction > 0 else 120.0
    (trade,) = run_one(config_of(), [FLAT, bar, bar], order(0, direction, kind, price, stop)).trade_list()
    assert (trade.entry_price, trade.entry_bar) == (entry, 1)


@pytest.mark.parametrize(
    ("kind", "price", "bar", "entry_fee"),
    [
        (OrderKind.LIMIT, 98.0, (100.0, 101.0, 97.0, 99.0), 98.0 * 0.0002),
        (OrderKind.STOP, 103.0, (100.0, 104.0, 99.0, 103.0), 103.0 * 0.001),
    ],
)
def test_resting_entries_pay_maker_fees_and_others_taker(
    kind: OrderKind, price: float, bar: Prices, entry_fee: float
) -> None:
    # 1 unit; the stop at 80 takes, at 10 bps of 80
    costs = Costs(maker_fee_bps=2.0, taker_fee_bps=10.0)
    fall = (90.0, 90.0, 79.0, 80.0)
    (trade,) = run_one(config_of(costs=costs), [FLAT, bar, fall, FLAT], order(0, 1, kind, price, 80.0)).trade_list()
    assert trade.fees == pytest.approx(entry_fee + 80.0 * 0.001)


def test_a_resting_entry_that_is_not_met_expires() -> None:
    result = run_one(config_of(), [FLAT] * 4, order(0, 1, OrderKind.LIMIT, 90.0, 80.0))
    assert result.outcome_counts() == {"expired": 1}
    assert len(result.trades) == 0


@pytest.mark.parametrize("timing", Timing)
def test_a_stop_in_the_first_bar_counts_always(timing: Timing) -> None:
    bars = [FLAT, (100.0, 100.0, 85.0, 95.0), (95.0, 95.0, 85.0, 95.0), FLAT]
    (trade,) = run_one(config_of(STOP_ONLY, Execution(timing)), bars, signal(0, 1, 90.0, 1.0)).trade_list()
    assert (trade.exit_bar, trade.exit_price) == (1, 90.0)


def test_real_minutes_decide_what_one_bar_leaves_open() -> None:
    exits = Exits((ExitTarget(1.0, 1.0),), break_even_after_targets=0, trail=None, trail_after_targets=0)
    minute, bar_ms = 60_000, 3 * 60_000
    bars = bars_of([FLAT, (100.0, 111.0, 89.0, 95.0), FLAT], bar_ms)
    fine = bars_of([(100.0, 100.0, 89.0, 90.0), (90.0, 111.0, 90.0, 110.0), (110.0, 110.0, 95.0, 95.0)], minute, bar_ms)
    reasons = []
    for magnifier in (None, fine):
        one = SymbolInput(bars, signal(0, 1, 90.0, 1.0), fine_bars=magnifier)
        reasons.append(run_backtest(config_of(exits), {"X": one}).trade_list()[0].exit_reason)
    # The falling bar is taken to rise first; its minutes say that it fell first.
    assert reasons == [LegKind.TAKE_PROFIT, LegKind.STOP_LOSS]


@pytest.mark.parametrize(
    ("opposite", "trades", "outcome"),
    [(Opposite.IGNORE, 1, "position_open"), (Opposite.CLOSE, 1, "closed_opposite"), (Opposite.REVERSE, 2, "filled")],
)
def test_an_opposite_entry_is_ignored_closes_or_reverses(opposite: Opposite, trades: int, outcome: str) -> None:
    config = config_of(STOP_ONLY, Execution(opposite=opposite))
    signals = signals_of([(0, 1, 50.0), (2, -1, 150.0)], 1.0)
    result = run_one(config, [FLAT] * 5, signals)
    assert len(result.trades) == trades
    assert Outcome(int(result.outcomes[1])).label == outcome


def test_layers_share_one_average_and_the_tighter_stop() -> None:
    bars = [FLAT, (100.0, 104.0, 100.0, 104.0), (104.0, 104.0, 104.0, 104.0), (104.0, 104.0, 90.0, 90.0)]
    config = config_of(STOP_ONLY, Execution(max_layers=2))
    signals = signals_of([(0, 1, 90.0), (1, 1, 95.0), (2, 1, 80.0)], 1.0)
    result = run_one(config, bars, signals)
    (trade,) = result.trade_list()
    assert (trade.entry_price, trade.layers, trade.exit_price) == (102.0, 2, 95.0)
    assert result.outcome_counts() == {"filled": 2, "position_open": 1}


def test_a_target_behind_the_close_leaves_as_taker() -> None:
    # 1 at 100 with the stop at 90 and 1 at 108 with the stop at 101: average 104, R = 3, so 1 R lies at 107, which the
    # close has passed: half of the two at 108, 5.5 bps of it. The stop goes to the average, where the rest leaves.
    exits = Exits((ExitTarget(1.0, 0.5),), trail=None, trail_after_targets=1)
    bars = [FLAT, (100.0, 108.0, 100.0, 108.0), (109.0, 109.0, 103.0, 103.0), FLAT]
    config = config_of(exits, Execution(max_layers=2), Costs(2.0, 5.5, 0.0))
    (trade,) = run_one(config, bars, signals_of([(0, 1, 90.0), (1, 1, 101.0)], 1.0)).trade_list()
    at, target, rest = trade.legs[1:]
    assert (at.time_ms, target.time_ms) == (2 * HOUR_MS, 2 * HOUR_MS)
    assert (target.kind, target.price, target.fee) == (LegKind.TAKE_PROFIT, 108.0, pytest.approx(108 * 5.5e-4))
    assert (rest.kind, rest.price) == (LegKind.BREAK_EVEN, 104.0)
    assert (trade.stop_price, trade.gross_pnl_r) == (101.0, pytest.approx(4 / 6))


def test_a_break_even_stop_pulled_to_closes_leaves() -> None:
    # 2 at 100, stop 90: 1 at the target 110, the stop to 100. 9 at 101: average 100.9, in ticks of 1 the close.
    exits = Exits((ExitTarget(1.0, 0.5),), trail=None, trail_after_targets=1)
    bars = [FLAT, (101.0, 110.0, 101.0, 101.0), (102.0, 102.0, 102.0, 102.0), FLAT]
    signals = replace(signals_of([(0, 1, 90.0), (1, 1, 95.0)], 1.0), quantity=np.array([2.0, 9.0]))
    limits = replace(FREE_LIMITS, max_leverage=10.0)
    made = SymbolInput(bars_of(bars), signals, Steps(price_increment=1.0))
    (trade,) = run_backtest(config_of(exits, Execution(max_layers=2), limits=limits), {"X": made}).trade_list()
    assert [(leg.kind, leg.price, leg.time_ms // HOUR_MS) for leg in trade.legs[-2:]] == [
        (LegKind.ADD, 101.0, 2),
        (LegKind.BREAK_EVEN, 101.0, 2),
    ]


def test_a_liquidation_loses_no_more_than_the_margin() -> None:
    limits = Limits(risk_per_trade=None, fixed_margin=1000.0, max_leverage=10.0, max_daily_loss=None, cooldown_bars=0)
    bars = [FLAT, (70.0, 70.0, 60.0, 65.0), FLAT]
    result = run_one(config_of(STOP_ONLY, costs=Costs(0.0, 10.0, 0.0), limits=limits), bars, signal(0, 1))
    (trade,) = result.trade_list()
    assert trade.exit_reason is LegKind.LIQUIDATION
    assert trade.pnl + trade.legs[0].fee == pytest.approx(-1000.0)


def test_a_liquidation_level_inside_the_bar_fires_at_the_level() -> None:
    limits = Limits(risk_per_trade=None, fixed_margin=1000.0, max_leverage=10.0, max_daily_loss=None, cooldown_bars=0)
    bars = [FLAT, (100.0, 100.0, 90.2, 95.0), FLAT]
    (trade,) = run_one(config_of(STOP_ONLY, limits=limits), bars, signal(0, 1)).trade_list()
    assert trade.exit_price == pytest.approx(100.0 * (1 - 0.1 + 0.005))


def test_longs_pay_funding_on_the_closes_quantity() -> None:
    # The payment at the entry's own instant is not ours; the one two hours later is.
    funding = Funding(np.array([HOUR_MS, 3 * HOUR_MS]), np.array([0.01, 0.001]))
    one = SymbolInput(bars_of([FLAT] * 5), signal(0, 1, 50.0, 2.0), funding=funding)
    (trade,) = run_backtest(config_of(), {"BTCUSDT": one}).trade_list()
    assert trade.funding == pytest.approx(0.2)
    assert trade.pnl == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("closes", "minutes", "every", "bar"),
    [
        # funding in the fourth hour, R = 10: the gain of 2 is too small an hour before it, that of 4 is not
        ((100.0, 102.0, 102.0), 60, HOUR_MS, 2),
        ((100.0, 102.0, 104.0), 60, HOUR_MS, None),
        ((100.0, 102.0, 102.0), 59, HOUR_MS, None),
        ((100.0, 104.0, 102.0), 120, HOUR_MS, 2),
        ((100.0, 102.0, 104.0), 120, HOUR_MS, 1),
        ((100.0, 104.0, 102.0), 120, 2 * HOUR_MS, None),
    ],
)
def test_a_small_gain_is_taken_before_funding(
    closes: tuple[float, ...], minutes: int, every: int, bar: int | None
) -> None:
    exits = replace(STOP_ONLY, funding_exit=FundingExit(minutes, 0.3, every))
    bars = bars_of([(100.0, 105.0, 99.0, close) for close in (*closes, 104.0, 104.0)])
    funding = Funding(bars.close_time_ms[3:4], np.array([0.001]))
    one = SymbolInput(bars, signal(0, 1, 90.0, 1.0), funding=funding)
    (trade,) = run_backtest(config_of(exits), {"BTCUSDT": one}).trade_list()
    left = trade.exit_bar if trade.exit_reason is LegKind.FUNDING_EXIT else None
    assert (left, trade.funding > 0.0) == (bar, bar is None)


def test_a_position_is_closed_when_it_was_held_long_enough() -> None:
    exits = Exits((), break_even_after_targets=0, trail=None, trail_after_targets=0, max_holding_bars=2)
    (trade,) = run_one(config_of(exits), [FLAT] * 6, signal(1, 1, 50.0, 1.0)).trade_list()
    assert (trade.exit_bar, trade.exit_reason) == (3, LegKind.TIME_EXIT)


def test_the_datas_end_closes_with_slippage() -> None:
    bars = [FLAT, FLAT, (100.0, 110.0, 100.0, 110.0)]
    (trade,) = run_one(config_of(costs=Costs(0.0, 0.0, 100.0)), bars, signal(0, 1, 50.0, 1.0)).trade_list()
    assert (trade.exit_price, trade.exit_reason) == (pytest.approx(108.9), LegKind.END_OF_DATA)


def test_excursions_span_the_bars_after_the_entry() -> None:
    bars = [(100.0, 150.0, 50.0, 100.0), (100.0, 104.0, 97.0, 101.0), (101.0, 106.0, 99.0, 100.0)]
    (trade,) = run_one(config_of(), bars, signal(0, 1, 40.0, 2.0)).trade_list()
    assert (trade.mfe, trade.mae) == (12.0, 6.0)


@pytest.mark.parametrize("leverage", [1.0, 10.0])
def test_leverage_leaves_equity_at_the_entry_alone(leverage: float) -> None:
    limits = Limits(
        risk_per_trade=None, fixed_margin=1000.0, max_leverage=leverage, max_daily_loss=None, cooldown_bars=0
    )
    result = run_one(config_of(STOP_ONLY, limits=limits), [FLAT] * 3, signal(0, 1))
    assert list(result.equity) == [10_000.0] * 3


def test_targets_in_fractions_of_price_close_their_share() -> None:
    exits = Exits((ExitTarget(0.01, 0.5), ExitTarget(0.05, 0.5)), Unit.PRICE_FRACTION, 0.1, 0, None, 0)
    bars = [FLAT, (100.0, 106.0, 100.0, 106.0), FLAT]
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, quantity=1.0)).trade_list()
    assert [(leg.price, leg.fraction) for leg in trade.legs[1:]] == [(101.0, 0.5), (105.0, 0.5)]


def test_an_entry_without_free_margin_is_refused() -> None:
    result = run_one(config_of(limits=FREE_LIMITS), [FLAT] * 3, signal(0, 1, 50.0, 101.0))
    assert result.outcome_counts() == {"no_free_margin": 1}
