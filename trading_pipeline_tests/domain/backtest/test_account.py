from dataclasses import replace

import numpy as np
import pytest

from trading_pipeline.domain.backtest.codes import LegKind
from trading_pipeline.domain.backtest.config import BacktestConfig, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    STOP_ONLY,
    Prices,
    bars_of,
    config_of,
    run_one,
    signal,
    signals_of,
)

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
DROP: Prices = (100.0, 100.0, 85.0, 88.0)


@pytest.mark.parametrize(
    ("limits", "steps", "entry", "stop", "quantity"),
    [
        (Limits(risk_per_trade=0.005, max_leverage=10.0), Steps(0.1, 0.001, 0.001), 50_000.0, 49_000.0, 0.05),
        (Limits(risk_per_trade=0.005, max_leverage=1.0), Steps(0.1, 0.001, 0.001), 30_000.0, 29_990.0, 0.333),
        (Limits(risk_per_trade=None, fixed_margin=90.0, max_leverage=10.0), Steps(), 64_000.0, 1.0, 0.0140625),
        (Limits(risk_per_trade=None, cash_fraction=0.5, max_leverage=2.0), Steps(), 100.0, 1.0, 100.0),
    ],
)
def test_the_sizing_rule_gives_the_quantity(
    limits: Limits, steps: Steps, entry: float, stop: float, quantity: float
) -> None:
    bars = bars_of([(entry, entry, entry, entry)] * 3)
    result = run_backtest(config_of(limits=limits), {"X": SymbolInput(bars, signal(0, 1, stop), steps)})
    assert result.trades.quantity[0] == pytest.approx(quantity, abs=1e-9)


def test_what_is_below_the_smallest_order_is_refused_and_said_so() -> None:
    one = SymbolInput(bars_of([FLAT] * 3), signal(0, 1, 90.0), Steps(min_notional=1000.0))
    assert run_backtest(BacktestConfig(), {"X": one}).outcome_counts() == {"too_small": 1}


def test_a_target_part_below_the_smallest_order_joins_the_next() -> None:
    exits = Exits((ExitTarget(1.0, 0.4), ExitTarget(2.0, 0.4)), trail=None, trail_after_targets=0)
    bars = bars_of([FLAT, (101.0, 125.0, 101.0, 125.0), (125.0,) * 4])
    one = SymbolInput(bars, signal(0, 1, 90.0, 3.0), Steps(quantity_increment=1.0, min_quantity=2.0))
    (trade,) = run_backtest(config_of(exits), {"X": one}).trade_list()
    assert [(leg.price, round(leg.fraction * 3)) for leg in trade.legs[1:]] == [(120.0, 2), (125.0, 1)]


def test_prices_of_targets_lie_on_the_tick() -> None:
    exits = Exits((ExitTarget(1.0, 1.0),), break_even_after_targets=0, trail=None, trail_after_targets=0)
    bars = bars_of([FLAT, (100.0, 125.0, 100.0, 125.0), (125.0,) * 4])
    one = SymbolInput(bars, signal(0, 1, 89.5, 1.0), Steps(price_increment=1.0))
    (trade,) = run_backtest(config_of(exits), {"X": one}).trade_list()
    assert (trade.stop_price, trade.exit_price) == (90.0, 110.0)


@pytest.mark.parametrize(("cooldown", "filled"), [(0, 2), (1, 1), (2, 1), (3, 1)])
def test_after_a_stop_loss_the_symbol_rests(cooldown: int, filled: int) -> None:
    limits = replace(FREE_LIMITS, cooldown_bars=cooldown)
    result = run_one(config_of(limits=limits), [FLAT, DROP, FLAT, FLAT], signals_of([(0, 1, 90.0), (1, 1, 50.0)], 1.0))
    assert result.outcome_counts().get("filled") == filled


@pytest.mark.parametrize(("bar", "outcome"), [(2, "cooldown"), (3, "filled")])
def test_a_cooldown_ends_with_its_last_bar(bar: int, outcome: str) -> None:
    limits = replace(FREE_LIMITS, cooldown_bars=2)
    signals = signals_of([(0, 1, 90.0), (bar, 1, 50.0)], 1.0)
    result = run_one(config_of(limits=limits), [FLAT, DROP, FLAT, FLAT, FLAT], signals)
    assert outcome in result.outcome_counts()


def test_no_more_positions_than_allowed_are_open_over_all_symbols() -> None:
    config = config_of(limits=replace(FREE_LIMITS, max_open_positions=3))
    inputs = {name: SymbolInput(bars_of([FLAT] * 3), signal(0, 1, 90.0, 1.0)) for name in "DBCA"}
    result = run_backtest(config, inputs)
    assert result.outcome_counts() == {"filled": 3, "max_open_positions": 1}
    assert [result.instrument_ids[int(i)] for i in result.trades.instrument_id] == ["A", "B", "C"]


def test_a_daily_loss_stops_entries_until_midnight() -> None:
    limits = replace(FREE_LIMITS, max_daily_loss=0.05)
    # A loss of 6 % in bar 1; bar 23 closes at midnight, which begins a new day.
    signals = EntrySignals(
        np.array([0, 2, 23]), np.ones(3, np.int64), np.array([90.0, 50.0, 50.0]), None, None, np.array([60.0, 1.0, 1.0])
    )
    result = run_one(config_of(limits=limits), [FLAT, DROP, *[FLAT] * 24], signals)
    assert result.outcome_counts() == {"filled": 2, "max_daily_loss": 1}


def test_after_the_largest_drawdown_nothing_is_entered_any_more() -> None:
    limits = replace(FREE_LIMITS, max_drawdown=0.05)
    signals = EntrySignals(
        np.array([0, 40]), np.ones(2, np.int64), np.array([90.0, 50.0]), None, None, np.array([60.0, 1.0])
    )
    result = run_one(config_of(limits=limits), [FLAT, DROP, *[FLAT] * 60], signals)
    assert result.outcome_counts() == {"filled": 1, "max_drawdown": 1}


def test_every_one_of_many_alternating_trades_is_kept() -> None:
    bars = [FLAT if i % 2 else (100.0, 101.0, 99.0, 100.5) for i in range(5001)]
    rows = [(i, 1 if i % 4 else -1, 50.0 if i % 4 else 150.0) for i in range(0, 5000, 2)]
    exits = Exits((), break_even_after_targets=0, trail=None, trail_after_targets=0, max_holding_bars=1)
    result = run_one(config_of(exits), bars, signals_of(rows, 1.0))
    assert len(result.trades) == 2500
    assert set(result.trades.exit_reason.tolist()) == {int(LegKind.TIME_EXIT)}


def test_a_signal_on_the_last_bar_is_not_taken() -> None:
    assert run_one(config_of(), [FLAT] * 3, signal(2, 1, 90.0)).outcome_counts() == {"no_later_bar": 1}


def test_a_stop_on_the_wrong_side_is_refused() -> None:
    assert run_one(config_of(), [FLAT] * 3, signal(0, 1, 110.0)).outcome_counts() == {"stop_not_protective": 1}


def test_symbols_with_different_histories_share_the_waves() -> None:
    late = bars_of([FLAT] * 3, start_ms=2 * 3_600_000)
    inputs = {
        "A": SymbolInput(bars_of([FLAT, (100.0, 110.0, 100.0, 110.0)]), signal(0, 1, 90.0, 1.0)),
        "B": SymbolInput(late, signal(0, -1, 110.0, 1.0)),
    }
    result = run_backtest(config_of(), inputs)
    assert list(result.equity) == [10_000.0, 10_010.0, 10_010.0, 10_010.0, 10_010.0]


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"taker_fee_bp": 5}, "did you mean taker_fee_bps"),
        ({"taker_fee_bps": -1.0}, "between 0 and 100"),
        ({"max_open_positions": 1.5}, "whole number"),
        ({"initial_capital": 1.0}, "between 100"),
        ({"risk_per_trade": None}, "exactly one"),
        ({"cash_fraction": 0.5}, "exactly one"),
        ({"targets": ()}, "there are 0 targets"),
        ({"targets": (ExitTarget(2.0, 0.5), ExitTarget(1.0, 0.5))}, "nearest first"),
        ({"targets": (ExitTarget(1.0, 0.6), ExitTarget(2.0, 0.6))}, "closing at most 1"),
        ({"max_leverage": 125.0, "maintenance_margin": 0.01}, "liquidated at its entry"),
    ],
)
def test_a_senseless_configuration_is_told_the_way_out(values: dict[str, object], hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        BacktestConfig().with_values(values)


def test_known_fields_reach_their_parts() -> None:
    config = BacktestConfig().with_values({"taker_fee_bps": 5.5, "max_layers": 2, "initial_capital": 500.0})
    assert (config.costs.taker_fee_bps, config.execution.max_layers, config.initial_capital) == (5.5, 2, 500.0)


@pytest.mark.parametrize(
    ("signals", "config", "error", "hint"),
    [
        (signal(7, 1, 90.0), config_of(), DataError, "of 3"),
        (signal(0, 1), config_of(), ConfigurationError, "without a stop"),
        (signal(0, 1, quantity=1.0), config_of(Exits(trail=None)), ConfigurationError, "targets in R"),
        (signal(0, 1, 90.0), config_of(replace(STOP_ONLY, next_bar_exit=True)), ConfigurationError, "momentum"),
    ],
)
def test_inputs_that_a_rule_cannot_use_are_refused(
    signals: EntrySignals, config: BacktestConfig, error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        run_one(config, [FLAT] * 3, signals)


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        (([1, 0], [1, 1], [90.0, 90.0]), "not ordered"),
        (([0], [2], [90.0]), "neither 1 nor -1"),
        (([0], [1, 1], [90.0]), "different lengths"),
    ],
)
def test_signals_in_disorder_are_refused(columns: tuple[list[int], list[int], list[float]], hint: str) -> None:
    bars, directions, stops = columns
    with pytest.raises(DataError, match=hint):
        EntrySignals(np.array(bars), np.array(directions), np.array(stops))


@pytest.mark.parametrize(
    "bad",
    [
        (100.0, 99.0, 98.0, 98.5),
        (100.0, 101.0, 100.5, 101.0),
        (100.0, float("nan"), 99.0, 100.0),
        (100.0, float("inf"), 99.0, 100.0),
        (-1.0, 1.0, -1.0, 1.0),
    ],
)
def test_a_bar_that_cannot_be_is_refused_by_its_position(bad: Prices) -> None:
    with pytest.raises(DataError, match="bar 1,"):
        run_one(config_of(), [FLAT, bad, FLAT], signal(0, 1, 90.0, 1.0))


def test_bars_out_of_order_are_refused() -> None:
    bars = bars_of([FLAT] * 3)
    bars.open_time_ms[2] = 0
    with pytest.raises(DataError, match="bar 2,"):
        run_one(config_of(), bars, signal(0, 1, 90.0, 1.0))
