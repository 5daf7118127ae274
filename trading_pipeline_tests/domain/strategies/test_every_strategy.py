"""What holds for every registered strategy, whatever its rule."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.framework.base import SIGNAL_COLUMNS
from trading_pipeline.domain.strategies.framework.checks import recursive_warmup, without_future
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.registry import strategy_named, strategy_names
from trading_pipeline_tests.domain.indicators.ticks import Ticks, tick_walk
from trading_pipeline_tests.domain.strategies.bars import bars_in_ticks, random_bars
from trading_pipeline_tests.domain.strategies.golden import golden_bars

BARS = random_bars(2600, seed=17)
every_strategy = pytest.mark.parametrize("name", strategy_names())


def signals_on(bars: pd.DataFrame, name: str) -> pd.DataFrame:
    """Signals of a strategy that is shown these bars and the higher ones they make."""
    strategy = strategy_named(name, {})
    return strategy.signals(with_resampled(strategy, bars))


@every_strategy
def test_signals_have_the_contracts_columns_and_values(name: str) -> None:
    signals = signals_on(BARS, name)
    assert tuple(signals.columns) == SIGNAL_COLUMNS
    assert len(signals) > 0
    assert signals["bar_index"].is_monotonic_increasing
    assert set(signals["bias"]) <= {"long", "short"}
    closes = BARS["close"].to_numpy()[signals["bar_index"]]
    assert signals["entry_price"].to_numpy().tolist() == closes.tolist()
    assert ((signals["stop_price"] < signals["entry_price"]) == (signals["bias"] == "long")).all()
    assert signals["score"].between(0, 100).all()


@every_strategy
def test_details_survive_json(name: str) -> None:
    signals = signals_on(BARS, name)
    assert all(json.loads(json.dumps(details, allow_nan=False)) == details for details in signals["details"])


@every_strategy
def test_no_signal_depends_on_what_comes_later(name: str) -> None:
    strategy = strategy_named(name, {})
    answer = without_future(strategy, BARS, samples=16)
    assert answer.look_ahead == answer.repaint == []


@every_strategy
def test_no_signal_depends_on_where_the_bars_start(name: str) -> None:
    assert recursive_warmup(strategy_named(name, {}), BARS, samples=3) == []


@every_strategy
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), end=st.integers(200, 699))
def test_cutting_any_walk_leaves_its_past_alone(name: str, seed: int, end: int) -> None:
    strategy = strategy_named(name, {})
    bars, early = (with_resampled(strategy, golden_bars(seed)[:last]) for last in (700, end))
    whole, part = strategy.signals(bars), strategy.signals(early)
    pd.testing.assert_frame_equal(part, whole[whole["bar_index"] < end])
    exits, cut = strategy.exits(bars), strategy.exits(early)
    assert cut.to_numpy().tolist() == exits[exits["bar_index"] < end].to_numpy().tolist()


@every_strategy
def test_doubled_prices_give_the_same_decisions_at_doubled_prices(name: str) -> None:
    doubled = BARS.assign(**{column: BARS[column] * 2 for column in ("open", "high", "low", "close")})
    plain, twice = signals_on(BARS, name), signals_on(doubled, name)
    assert twice[["bar_index", "bias"]].equals(plain[["bar_index", "bias"]])
    np.testing.assert_allclose(twice["stop_price"], 2 * plain["stop_price"])


TICK_WALKS = [tick_walk(seed, 600) for seed in range(24)]


def said_about(walk: Ticks, power: int, name: str, parameters: dict[str, object]) -> list[list[list[object]]]:
    """Bars, directions and scores of a strategy's signals, and its exits, where a tick is ten to ``power``."""
    strategy = strategy_named(name, parameters)
    bars = with_resampled(strategy, bars_in_ticks(walk, power))
    signals = strategy.signals(bars)[["bar_index", "bias", "score"]]
    signals["score"] = signals["score"].round(6)
    return [signals.to_numpy().tolist(), strategy.exits(bars).to_numpy().tolist()]


@every_strategy
def test_the_unit_of_prices_changes_no_decision(name: str) -> None:
    for seed, walk in enumerate(TICK_WALKS):
        assert (seed, said_about(walk, -4, name, {})) == (seed, said_about(walk, 0, name, {}))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("avi5", {"donchian_window": 5, "vwap_width": 1.0}),
        ("bollinger", {"period": 4, "width": 1.0, "squeeze": 0.02}),
        ("dca", {"take_profit": 0.05, "every_bars": 3, "short": True}),
        ("donchian_breakout", {"min_atr_pct": 2.5, "atr_period": 4}),
        ("ema_atr", {"fast_period": 2, "slow_period": 3, "min_slope_pct": 0.0, "max_atr_pct": 2.0}),
        ("ema_cross", {"fast_period": 2, "slow_period": 3, "threshold_pct": 0.0, "max_volatility_pct": 5.0}),
        ("grid", {"take_profit": 0.025, "spacing": 0.01}),
        ("keltner_squeeze", {"period": 4, "bollinger_width": 1.0, "keltner_multiple": 1.0, "keltner_atr_period": 2}),
        ("macd", {"fast_period": 2, "slow_period": 3, "signal_period": 2}),
        ("managed", {"members": ["ema_cross", "rsi_momentum", "bollinger"], "mode": "weighted"}),
        ("martingale", {"step": 0.05, "take_profit": 0.05, "rsi_below": 50.0, "rsi_period": 2}),
        ("rsi", {"period": 2, "oversold": 25.0, "overbought": 75.0}),
        ("rsi_momentum", {"rsi_period": 2, "oversold": 50.0, "overbought": 50.1, "momentum_period": 1}),
        ("sma_crossover", {"fast_period": 2, "slow_period": 4}),
        ("stochastic_adx", {"k_period": 5, "d_period": 2, "min_adx": 0.0, "buy_below": 50.0, "sell_above": 50.0}),
        ("supertrend", {"period": 2, "multiple": 1.0}),
        ("vwap_reversion", {"window": 4, "enter": 1.0, "exit": 0.5}),
    ],
)
def test_limits_that_prices_meet_exactly_are_met_in_every_unit(name: str, parameters: dict[str, object]) -> None:
    for seed, walk in enumerate(TICK_WALKS):
        in_ticks = said_about(walk, 0, name, parameters)
        for power in (-1, -4, -11):
            assert (seed, said_about(walk, power, name, parameters)) == (seed, in_ticks)


@every_strategy
def test_the_name_of_the_symbol_does_not_matter(name: str) -> None:
    pd.testing.assert_frame_equal(signals_on(BARS.assign(instrument_id="ETHUSDT"), name), signals_on(BARS, name))


@every_strategy
def test_no_signal_comes_before_the_warm_up(name: str) -> None:
    strategy = strategy_named(name, {})
    for seed in range(5):
        signals = strategy.signals(golden_bars(seed, 400))
        assert (signals["bar_index"] >= strategy.warmup_bars - 1).all()


@every_strategy
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_handful_of_bars_is_no_ground_for_a_signal(name: str, count: int) -> None:
    strategy = strategy_named(name, {})
    assert strategy.signals(BARS[:count]).empty
    assert strategy.exits(BARS[:count]).empty


@every_strategy
def test_one_bar_short_of_the_warm_up_can_be_refused(name: str) -> None:
    strategy = strategy_named(name, {})
    strategy.require_warmup(BARS[: strategy.warmup_bars])
    with pytest.raises(DataError, match=f"{name} needs {strategy.warmup_bars} before"):
        strategy.require_warmup(BARS[: strategy.warmup_bars - 1])


@every_strategy
def test_recorded_bars_find_nothing_to_object_to(name: str, samples: Path) -> None:
    recorded = pd.read_csv(samples / "bars_1h" / "BTCUSDT_1h.csv.gz")
    opens = pd.to_datetime(recorded["open_time_ms"], unit="ms", utc=True)
    bars = recorded.assign(instrument_id="BTCUSDT", open_time=opens, close_time=opens + pd.Timedelta("1h"))
    strategy = strategy_named(name, {})
    answer = without_future(strategy, bars, samples=12)
    assert answer.look_ahead == answer.repaint == recursive_warmup(strategy, bars) == []


@every_strategy
def test_bars_with_a_hole_in_a_price_are_refused(name: str) -> None:
    broken = BARS.copy()
    broken.loc[7, "close"] = np.nan
    with pytest.raises(DataError, match=r"bar 7 .*close is nan"):
        strategy_named(name, {}).signals(broken)


@pytest.mark.parametrize("name", ["avi5", "divergence", "vwap_reversion"])
def test_volume_that_is_never_there_is_refused_where_it_matters(name: str) -> None:
    with pytest.raises(DataError, match=f"volume is 0 on all 2600 bars: {name}"):
        strategy_named(name, {}).signals(BARS.assign(volume=0.0))
