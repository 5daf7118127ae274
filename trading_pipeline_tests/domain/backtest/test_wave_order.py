"""One wave, in one order: what an exit frees is free for the entries of the same instant."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.backtest.codes import EntriesBy, LegKind, Opposite, OrderKind, Outcome, Timing
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    Limits,
    PercentTrail,
)
from trading_pipeline.domain.backtest.engine import run_account, run_backtest
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
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
ONE_SLOT = replace(FREE_LIMITS, max_open_positions=1)
# All of the money is one position's margin: 100 units at 100.
ALL_MARGIN = replace(FREE_LIMITS, risk_per_trade=None, cash_fraction=1.0)
QUARTER = HOUR_MS // 4


def outcomes(result: BacktestResult, instrument_id: str, strategy: str = "") -> list[str]:
    """What became of the signals of an instrument, as they were given."""
    names = [(lane.strategy, lane.instrument_id) for lane in result.lanes]
    return [Outcome(int(code)).label for code in result.outcomes_by_lane()[names.index((strategy, instrument_id))]]


def leaving_at(bar: int, quantity: float = np.nan) -> EntrySignals:
    """A long from bar 0, left by an exit signal at a bar."""
    return signal(0, 1, 50.0, quantity).with_exits(exits_at(bar))


def exits_at(bar: int) -> pd.DataFrame:
    """A strategy's exit of a long."""
    return pd.DataFrame({"bar_index": [bar], "bias": ["long"]})


@pytest.mark.parametrize("timing", Timing)
@pytest.mark.parametrize("leaver", ["A", "Z"])
@pytest.mark.parametrize("limits", [ONE_SLOT, ALL_MARGIN])
def test_leaving_frees_slot_and_margin_for_every_other_symbol(timing: Timing, leaver: str, limits: Limits) -> None:
    # One slot, or margin for one position, which the exit at bar 2 frees for the entry at bar 2.
    bars = bars_of([FLAT] * 6)
    inputs = {leaver: SymbolInput(bars, leaving_at(2)), "M": SymbolInput(bars, signal(2, 1, 50.0))}
    result = run_backtest(config_of(STOP_ONLY, Execution(timing), limits=limits), inputs)
    assert outcomes(result, leaver) == ["filled", "filled"]
    assert outcomes(result, "M") == ["filled"]


@pytest.mark.parametrize("timing", Timing)
@pytest.mark.parametrize("limits", [ONE_SLOT, ALL_MARGIN])
def test_leaving_frees_the_symbol_itself(timing: Timing, limits: Limits) -> None:
    signals = signals_of([(0, 1, 50.0), (2, -1, 150.0)])
    signals = signals.with_exits(exits_at(2))
    result = run_one(config_of(STOP_ONLY, Execution(timing), limits=limits), [FLAT] * 6, signals)
    assert result.outcome_counts() == {"filled": 3}
    assert result.trades.direction.tolist() == [1, -1]


@pytest.mark.parametrize("timing", Timing)
def test_the_last_slot_goes_to_the_first_symbol_of_the_alphabet(timing: Timing) -> None:
    bars = bars_of([FLAT] * 4)
    inputs = {name: SymbolInput(bars, signal(0, 1, 50.0, 1.0)) for name in ("C", "A", "B")}
    result = run_backtest(config_of(STOP_ONLY, Execution(timing), limits=ONE_SLOT), inputs)
    assert [outcomes(result, name) for name in "ABC"] == [["filled"], ["max_open_positions"], ["max_open_positions"]]


@pytest.mark.parametrize("timing", Timing)
def test_the_last_slot_goes_to_the_highest_score_where_scores_decide(timing: Timing) -> None:
    bars = bars_of([FLAT] * 4)
    scores = {"A": 50.0, "B": 70.0, "C": 60.0}
    inputs = {
        name: SymbolInput(bars, replace(signal(0, 1, 50.0, 1.0), score=np.array([score])))
        for name, score in scores.items()
    }
    limits = replace(ONE_SLOT, max_open_positions=2, entries_by=EntriesBy.SCORE)
    result = run_backtest(config_of(STOP_ONLY, Execution(timing), limits=limits), inputs)
    assert [outcomes(result, name) for name in "ABC"] == [["max_open_positions"], ["filled"], ["filled"]]


def test_scores_that_decide_have_to_be_there() -> None:
    limits = replace(FREE_LIMITS, entries_by=EntriesBy.SCORE)
    with pytest.raises(ConfigurationError, match="entries_by score"):
        run_one(config_of(limits=limits), [FLAT] * 3, signal(0, 1, 50.0))


@pytest.mark.parametrize("timing", Timing)
def test_a_stop_at_an_open_frees_its_slot(timing: Timing) -> None:
    # Z opens below its stop of 90 in bar 2; A's order of bar 1 fills at the same open where orders do so.
    gap: Prices = (80.0, 80.0, 80.0, 80.0)
    inputs = {
        "A": SymbolInput(bars_of([FLAT] * 5), signal(1, 1, 50.0, 1.0)),
        "Z": SymbolInput(bars_of([FLAT, FLAT, gap, gap, gap]), signal(0, 1, 90.0, 1.0)),
    }
    # At a close Z enters first, at bar 0; at the next open of bar 1.
    result = run_backtest(config_of(STOP_ONLY, Execution(timing), limits=ONE_SLOT), inputs)
    expected = {Timing.BAR_CLOSE: ["max_open_positions"], Timing.NEXT_OPEN: ["filled"]}
    assert outcomes(result, "A") == expected[timing]
    assert outcomes(result, "Z") == ["filled"]


@pytest.mark.parametrize(
    ("exits", "momentum", "bars", "kind"),
    [
        (replace(STOP_ONLY, max_holding_bars=1), None, [FLAT] * 4, LegKind.TIME_EXIT),
        (replace(STOP_ONLY, next_bar_exit=True), [2.0, 1.0, 0.0, 0.0], [FLAT] * 4, LegKind.NEXT_BAR_EXIT),
        (STOP_ONLY, None, [FLAT] * 2, LegKind.END_OF_DATA),
    ],
)
def test_at_a_close_exits_come_before_entries(
    exits: Exits, momentum: list[float] | None, bars: list[Prices], kind: LegKind
) -> None:
    # Z leaves by rule at the close of bar 1, at which A enters.
    given = None if momentum is None else np.array(momentum)
    rising = None if momentum is None else np.arange(4.0)
    inputs = {
        "A": SymbolInput(bars_of([FLAT] * 4), signal(1, 1, 50.0, 1.0), momentum=rising),
        "Z": SymbolInput(bars_of(bars), signal(0, 1, 50.0, 1.0), momentum=given),
    }
    result = run_backtest(config_of(exits, limits=ONE_SLOT), inputs)
    assert LegKind(int(result.trades.exit_reason[0])) is kind
    assert outcomes(result, "A") == ["filled"]


@pytest.mark.parametrize(
    ("trail", "bars", "bar", "price"),
    [
        # Best 110 less 0.5 % is 109.45, and the bar closes at 105.
        (PercentTrail(0.01, 0.005), [FLAT, (100.0, 110.0, 100.0, 105.0), (105.0,) * 4, (105.0,) * 4], 1, 105.0),
        # Ranges of 0: the stop is the close itself, from bar 2 on, where the first ATR is known.
        (AtrTrail(1.0, 2), [FLAT, FLAT, FLAT, (90.0,) * 4], 2, 100.0),
    ],
)
def test_a_stop_put_beyond_a_close_leaves_there(
    trail: AtrTrail | PercentTrail, bars: list[Prices], bar: int, price: float
) -> None:
    exits = Exits((), break_even_after_targets=0, trail=trail, trail_after_targets=0)
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 50.0, 1.0)).trade_list()
    assert (trade.exit_bar, trade.exit_price, trade.exit_reason) == (bar, price, LegKind.TRAILING_STOP)
    assert trade.exit_time_ms == (bar + 1) * HOUR_MS


def test_an_exit_signal_precedes_its_closes_stop() -> None:
    # The trailing stop of 109.45 would leave at the close of bar 1 too: the exit signal names it.
    exits = Exits((), break_even_after_targets=0, trail=PercentTrail(0.01, 0.005), trail_after_targets=0)
    bars = [FLAT, (100.0, 110.0, 100.0, 105.0), (105.0,) * 4]
    (trade,) = run_one(config_of(exits), bars, leaving_at(1, 1.0)).trade_list()
    assert trade.exit_reason is LegKind.SIGNAL_EXIT


@pytest.mark.parametrize(
    ("bar", "momentum", "holding", "kind"),
    [
        (1, [1.0, 0.0, 0.0, 0.0], 1, LegKind.NEXT_BAR_EXIT),
        (1, [1.0, 2.0, 0.0, 0.0], 1, LegKind.SIGNAL_EXIT),
        (2, [1.0, 2.0, 0.0, 0.0], 1, LegKind.TIME_EXIT),
        (3, [1.0, 2.0, 0.0, 0.0], 3, LegKind.SIGNAL_EXIT),
        (2, [1.0, 2.0, 0.0, 0.0], 3, LegKind.SIGNAL_EXIT),
    ],
)
def test_the_first_exit_that_applies_names_it(bar: int, momentum: list[float], holding: int, kind: LegKind) -> None:
    exits = replace(STOP_ONLY, next_bar_exit=True, max_holding_bars=holding)
    one = SymbolInput(bars_of([FLAT] * 4), leaving_at(bar, 1.0), momentum=np.array(momentum))
    (trade,) = run_backtest(config_of(exits), {"X": one}).trade_list()
    assert trade.exit_reason is kind


@pytest.mark.parametrize("timing", Timing)
@pytest.mark.parametrize(
    ("opposite", "kind", "outcome"),
    [
        (Opposite.CLOSE, LegKind.OPPOSITE_SIGNAL, "closed_opposite"),
        (Opposite.REVERSE, LegKind.REVERSAL, "stop_not_protective"),
    ],
)
def test_an_opposite_signal_leaves_whatever_its_own_entry_meets(
    timing: Timing, opposite: Opposite, kind: LegKind, outcome: str
) -> None:
    # The short's stop of 90 lies on the wrong side.
    execution = Execution(timing, opposite=opposite)
    result = run_one(config_of(STOP_ONLY, execution), [FLAT] * 5, signals_of([(0, 1, 50.0), (2, -1, 90.0)], 1.0))
    (trade,) = result.trade_list()
    assert trade.exit_reason is kind
    assert Outcome(int(result.outcomes[1])).label == outcome


@pytest.mark.parametrize("opposite", [Opposite.CLOSE, Opposite.REVERSE])
def test_an_opposite_signal_frees_the_slot_for_a_symbol_before_it(opposite: Opposite) -> None:
    # Z leaves its long at bar 2, at which A enters and takes the only slot, before Z could reverse.
    bars = bars_of([FLAT] * 5)
    inputs = {
        "A": SymbolInput(bars, signal(2, 1, 50.0, 1.0)),
        "Z": SymbolInput(bars, signals_of([(0, 1, 50.0), (2, -1, 150.0)], 1.0)),
    }
    result = run_backtest(config_of(STOP_ONLY, Execution(opposite=opposite), limits=ONE_SLOT), inputs)
    assert outcomes(result, "A") == ["filled"]
    assert (
        outcomes(result, "Z")[1]
        == {
            Opposite.CLOSE: "closed_opposite",
            Opposite.REVERSE: "max_open_positions",
        }[opposite]
    )


def test_an_opposite_exit_slips_and_pays_as_a_market_order_does() -> None:
    config = config_of(STOP_ONLY, Execution(opposite=Opposite.CLOSE), Costs(0.0, 10.0, 100.0))
    (trade,) = run_one(config, [FLAT] * 4, signals_of([(0, 1, 50.0), (2, -1, 150.0)], 1.0)).trade_list()
    # In at 101, out at 99, 10 bps of both.
    assert (trade.entry_price, trade.exit_price) == (101.0, 99.0)
    assert trade.fees == pytest.approx(0.2)


def test_on_the_last_bar_exits_act_and_entries_do_not() -> None:
    signals = signals_of([(0, 1, 50.0), (2, -1, 150.0)], 1.0)
    result = run_one(config_of(STOP_ONLY, Execution(opposite=Opposite.REVERSE)), [FLAT] * 3, signals)
    assert result.trades.exit_reason.tolist() == [LegKind.REVERSAL]
    assert result.outcome_counts() == {"filled": 1, "no_later_bar": 1}
    (trade,) = run_one(config_of(), [FLAT] * 3, leaving_at(2, 1.0)).trade_list()
    assert trade.exit_reason is LegKind.SIGNAL_EXIT


@pytest.mark.parametrize(
    ("stop", "limits", "before", "outcome"),
    [
        (110.0, ONE_SLOT, True, "stop_not_protective"),
        (0.0, FREE_LIMITS, False, "stop_not_protective"),
        (-5.0, FREE_LIMITS, False, "stop_not_protective"),
        (0.4, FREE_LIMITS, False, "stop_not_protective"),  # rounds to 0 on ticks of 1
        (0.6, FREE_LIMITS, False, "filled"),
        (99.6, FREE_LIMITS, False, "stop_not_protective"),  # rounds to the close itself
        (90.0, ONE_SLOT, True, "position_open"),
    ],
)
def test_the_first_objection_decides(stop: float, limits: Limits, before: bool, outcome: str) -> None:
    rows = [(0, 1, 50.0)] if before else []
    one = SymbolInput(bars_of([FLAT] * 4), signals_of([*rows, (1, 1, stop)], 1.0), Steps(price_increment=1.0))
    result = run_backtest(config_of(limits=limits), {"X": one})
    assert Outcome(int(result.outcomes[-1])).label == outcome


def test_a_limit_order_that_closes_the_other_side_says_so() -> None:
    both = EntrySignals(
        np.array([0, 1]), np.array([1, -1]), np.array([50.0, 150.0]),
        np.array([int(OrderKind.MARKET), int(OrderKind.LIMIT)]), np.array([np.nan, 105.0]), np.ones(2),
    )  # fmt: skip
    bars = [FLAT, FLAT, (100.0, 106.0, 100.0, 100.0), FLAT]
    result = run_one(config_of(STOP_ONLY, Execution(opposite=Opposite.CLOSE)), bars, both)
    (trade,) = result.trade_list()
    assert (trade.exit_reason, trade.exit_price) == (LegKind.OPPOSITE_SIGNAL, 105.0)


# Several strategies and timeframes in one account


def quarters(count: int, prices: list[Prices] | None = None) -> BarArrays:
    return bars_of(prices or [FLAT] * count, QUARTER)


def lane(
    strategy: str, instrument_id: str, bars: BarArrays, signals: EntrySignals, config: BacktestConfig | None = None
) -> Lane:
    return Lane(strategy, instrument_id, config or config_of(), SymbolInput(bars, signals))


def test_a_symbol_has_one_position_whatever_strategy_opened_it() -> None:
    hours, short = bars_of([FLAT] * 4), quarters(16)
    # The hour's long from its close at 01:00 is in the way at 02:15 (bar 8); it leaves at 03:00.
    lanes = [
        lane("slow", "X", hours, leaving_at(2, 1.0)),
        lane("fast", "X", short, signals_of([(8, 1, 50.0), (11, 1, 50.0)], 1.0)),
    ]
    result = run_account(lanes, {})
    assert outcomes(result, "X", "slow") == ["filled", "filled"]
    assert outcomes(result, "X", "fast") == ["position_open", "filled"]
    slow, fast = result.trade_list()
    assert (slow.entry_bar, slow.exit_bar, slow.exit_time_ms) == (0, 2, 3 * HOUR_MS)
    assert (fast.entry_bar, fast.entry_time_ms) == (11, 3 * HOUR_MS)
    assert [result.lanes[one.lane].strategy for one in (slow, fast)] == ["slow", "fast"]


def test_a_stop_within_the_bar_frees_the_symbol() -> None:
    # The hour from 01:00 falls through the stop of 90 in its second quarter, 01:15 to 01:30.
    prices: list[Prices] = [FLAT] * 5 + [(100.0, 100.0, 85.0, 95.0)] + [(95.0,) * 4] * 6
    hours = bars_of([FLAT, (100.0, 100.0, 85.0, 95.0), (95.0,) * 4])
    lanes = [
        lane("slow", "X", hours, signal(0, 1, 90.0, 1.0)),
        lane("fast", "X", quarters(12, prices), signals_of([(4, 1, 50.0), (5, 1, 50.0)], 1.0)),
    ]
    result = run_account(lanes, {})
    assert outcomes(result, "X", "fast") == ["position_open", "filled"]
    slow = result.trade_list()[0]
    assert (slow.exit_time_ms, slow.exit_price, slow.exit_bar) == (6 * QUARTER, 90.0, 1)


def test_longer_timeframes_then_strategy_names_come_first() -> None:
    hours, short = bars_of([FLAT] * 3), quarters(12)
    lanes = [
        lane("a", "X", short, signal(3, 1, 50.0, 1.0)),
        lane("b", "X", hours, signal(0, 1, 50.0, 1.0)),
        lane("c", "X", hours, signal(0, 1, 50.0, 1.0)),
    ]
    result = run_account(lanes[::-1], {})
    assert [(one.strategy, one.bar_ms) for one in result.lanes] == [("b", HOUR_MS), ("c", HOUR_MS), ("a", QUARTER)]
    assert [outcomes(result, "X", name) for name in "abc"] == [["position_open"], ["filled"], ["position_open"]]


def test_scores_come_before_timeframes_and_symbols() -> None:
    limits = replace(ONE_SLOT, entries_by=EntriesBy.SCORE)
    config = config_of(limits=limits)

    def scored(bar: int, score: float) -> EntrySignals:
        return replace(signal(bar, 1, 50.0, 1.0), score=np.array([score]))

    lanes = [
        lane("s", "A", bars_of([FLAT] * 3), scored(0, 50.0), config),
        lane("s", "Z", quarters(12), scored(3, 51.0), config),
    ]
    result = run_account(lanes, {})
    assert (outcomes(result, "A", "s"), outcomes(result, "Z", "s")) == (["max_open_positions"], ["filled"])


def test_equity_is_kept_where_a_bar_of_a_lane_closes() -> None:
    minutes = bars_of([(100.0 + k, 101.0 + k, 100.0 + k, 101.0 + k) for k in range(8)], QUARTER)
    hours = bars_of([(100.0, 104.0, 100.0, 104.0), (104.0, 108.0, 104.0, 108.0)])
    result = run_account([lane("s", "X", hours, signal(0, 1, 50.0, 1.0))], {"X": minutes})
    assert result.close_ms.tolist() == [HOUR_MS, 2 * HOUR_MS]
    assert result.equity.tolist() == [10_000.0, 10_004.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_open_positions", 2), ("max_daily_loss", 0.5), ("max_drawdown", 0.5), ("entries_by", EntriesBy.SCORE)],
)
def test_rules_of_the_account_are_the_same_in_all_lanes(name: str, value: object) -> None:
    bars = bars_of([FLAT] * 3)
    other = BacktestConfig().with_values({name: value})
    scored = replace(signal(0, 1, 50.0), score=np.ones(1))
    with pytest.raises(ConfigurationError, match=f"{name} = .* of b on X"):
        run_account([lane("a", "X", bars, scored, BacktestConfig()), lane("b", "X", bars, scored, other)], {})


def test_capital_and_lanes_that_contradict_each_other_are_refused() -> None:
    bars = bars_of([FLAT] * 3)
    poor = replace(config_of(), initial_capital=500.0)
    one = lane("a", "X", bars, signal(0, 1, 50.0))
    with pytest.raises(ConfigurationError, match="initial_capital = 500"):
        run_account([one, lane("b", "X", bars, signal(0, 1, 50.0), poor)], {})
    with pytest.raises(ConfigurationError, match="given twice"):
        run_account([one, one], {})
    with pytest.raises(ConfigurationError, match="which nothing trades"):
        run_account([one], {"Y": bars})
    with pytest.raises(ConfigurationError, match="give them as path"):
        run_account([replace(one, given=replace(one.given, fine_bars=bars))], {})
    with pytest.raises(ConfigurationError, match="without instruments"):
        run_account([], {})


# Trailing at the finest bars


def test_a_finest_trail_uses_finest_closes() -> None:
    # Ranges of 2 in the hours make the ATR 2 from the third on; the path's closes rise by 1 a quarter from 03:00.
    still: list[Prices] = [(100.0, 101.0, 99.0, 100.0)] * 12
    rising: list[Prices] = [(100.0 + k, 101.0 + k, 100.0 + k, 101.0 + k) for k in range(3)]
    path = bars_of([*still, *rising, (103.0, 103.0, 100.5, 100.5)], QUARTER)
    hours = bars_of([*[(100.0, 101.0, 99.0, 100.0)] * 3, (100.0, 103.0, 100.0, 100.5)])
    exits = Exits((), break_even_after_targets=0, trail=AtrTrail(1.0, 2, every=QUARTER), trail_after_targets=0)
    (trade,) = run_account([lane("s", "X", hours, signal(2, 1, 50.0, 1.0), config_of(exits))], {"X": path}).trade_list()
    # At 03:45 the close is 103 and the stop 101, which the last quarter falls through.
    assert (trade.exit_price, trade.exit_time_ms, trade.exit_reason) == (101.0, 4 * HOUR_MS, LegKind.TRAILING_STOP)


@pytest.mark.parametrize(("every", "path"), [(QUARTER, None), (QUARTER // 2, QUARTER), (2 * HOUR_MS, QUARTER)])
def test_a_trail_at_closes_that_are_not_there_is_refused(every: int, path: int | None) -> None:
    exits = Exits((), break_even_after_targets=0, trail=AtrTrail(1.0, 2, every=every), trail_after_targets=0)
    one = lane("s", "X", bars_of([FLAT] * 3), signal(0, 1, 50.0), config_of(exits))
    with pytest.raises(ConfigurationError, match="s on X: a trail every"):
        run_account([one], {} if path is None else {"X": bars_of([FLAT] * 12, path)})


def test_a_ladder_shared_by_lanes_keeps_its_targets_apart() -> None:
    ladder = Exits((ExitTarget(1.0, 1.0),), break_even_after_targets=0, trail=None, trail_after_targets=0)
    bars = bars_of([FLAT, (100.0, 111.0, 100.0, 111.0), (111.0,) * 4, (111.0,) * 4])
    lanes = [
        lane("a", "X", bars, signal(0, 1, 90.0, 1.0), config_of(ladder)),
        lane("b", "X", bars, signal(1, 1, 100.0, 1.0), config_of(replace(ladder, targets=(ExitTarget(2.0, 1.0),)))),
    ]
    first, second = run_account(lanes, {}).trade_list()
    assert (first.exit_price, second.exit_reason) == (110.0, LegKind.END_OF_DATA)
