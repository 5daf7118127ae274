"""What holds for every registered strategy, whatever its rule."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.base import SIGNAL_COLUMNS
from trading_pipeline.domain.strategies.checks import look_ahead, recursive_warmup, repaint
from trading_pipeline.domain.strategies.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.registry import strategy_named, strategy_names
from trading_pipeline_tests.domain.strategies.bars import random_bars
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
    assert look_ahead(strategy, BARS, 8) == []
    assert repaint(strategy, BARS, 8) == []


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


@every_strategy
def test_the_name_of_the_symbol_does_not_matter(name: str) -> None:
    pd.testing.assert_frame_equal(signals_on(BARS.assign(symbol="ETHUSDT"), name), signals_on(BARS, name))


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
def test_recorded_bars_find_nothing_to_object_to(name: str, shared_data: Path) -> None:
    recorded = pd.read_csv(shared_data / "candles" / "bybit_linear_BTCUSDT_1h_long.csv.gz", nrows=4000)
    opens = pd.to_datetime(recorded["open_time_ms"], unit="ms", utc=True)
    bars = recorded.assign(symbol="BTCUSDT", open_time=opens, close_time=opens + pd.Timedelta("1h"))
    strategy = strategy_named(name, {})
    assert look_ahead(strategy, bars, 8) == repaint(strategy, bars, 4) == recursive_warmup(strategy, bars) == []


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
