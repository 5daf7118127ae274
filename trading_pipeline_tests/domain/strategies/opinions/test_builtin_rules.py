"""The well-known rules that people try first, at hand-made bars."""

import numpy as np
import pytest

from trading_pipeline.domain.indicators.momentum import macd, rsi
from trading_pipeline.domain.indicators.moving_averages import sma
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.strategies.bars import bars_closing, bars_from, random_bars

BARS = random_bars(1500)
CLOSE = BARS["close"].to_numpy()


def _crossings(values: np.ndarray, first: int) -> list[int]:
    sign = np.sign(values)
    return [int(bar) for bar in range(first, len(values)) if sign[bar] != sign[bar - 1]]


@pytest.mark.parametrize(
    ("name", "distance", "first"),
    [("sma_crossover", sma(CLOSE, 10) - sma(CLOSE, 30), 30), ("macd", macd(CLOSE, 12, 26, 9)[2], 34)],
)
def test_crossing_lines_signal_at_every_crossing(name: str, distance: np.ndarray, first: int) -> None:
    strategy = strategy_named(name, {})
    signals = strategy.signals(BARS)
    assert signals["bar_index"].tolist() == _crossings(distance, first)
    assert (np.sign(distance[signals["bar_index"]]) == np.where(signals["bias"] == "long", 1, -1)).all()


def test_rsi_signals_on_the_way_back_through_its_levels() -> None:
    values, signals = rsi(CLOSE, 14), strategy_named("rsi", {}).signals(BARS)
    up = np.flatnonzero((values[:-1] <= 30) & (values[1:] > 30)) + 1
    down = np.flatnonzero((values[:-1] >= 70) & (values[1:] < 70)) + 1
    for bias, expected in (("long", up), ("short", down)):
        found = signals[signals["bias"] == bias]["bar_index"]
        assert found.tolist() == expected[expected >= 55].tolist() != []


@pytest.mark.parametrize(
    ("name", "defaults", "warmup"),
    [
        ("sma_crossover", {"fast_period": 10, "slow_period": 30}, 31),
        ("rsi", {"period": 14, "oversold": 30, "overbought": 70}, 56),
        ("macd", {"fast_period": 12, "slow_period": 26, "signal_period": 9}, 35),
        ("bollinger_bands", {"period": 20, "width": 2.0}, 21),
        ("grid", {"levels": 5, "spacing": 0.01, "take_profit": 0.015}, 22),
        ("dca", {"every_bars": 10, "max_entries": 5, "take_profit": 0.03, "hold_bars": 100, "short": False}, 15),
        (
            "martingale",
            {"rsi_period": 14, "rsi_below": 35, "step": 0.02, "take_profit": 0.015, "max_entries": 4},
            15,
        ),
    ],
)
def test_the_numbers_of_a_rule_as_it_is_known(name: str, defaults: dict[str, object], warmup: int) -> None:
    strategy = strategy_named(name, {})
    assert strategy_named(name, defaults) == strategy
    assert strategy.warmup_bars == warmup


def test_bollinger_bands_are_as_wide_as_the_sample_deviation() -> None:
    signals = strategy_named("bollinger_bands", {}).signals(BARS)
    for row, details in zip(signals["bar_index"], signals["details"], strict=True):
        window = CLOSE[row - 19 : row + 1]
        assert details["upper"] - details["lower"] == pytest.approx(4 * window.std(ddof=1))


def test_an_opposite_crossing_is_also_the_exit() -> None:
    strategy = strategy_named("sma_crossover", {})
    signals, exits = strategy.signals(BARS), strategy.exits(BARS)
    assert exits["bar_index"].tolist() == signals["bar_index"].tolist()
    assert (exits["bias"].to_numpy() != signals["bias"].to_numpy()).all()


def test_bollinger_signals_only_as_the_band_is_reached() -> None:
    closes = [100.0 + (bar % 2) for bar in range(40)] + [90.0, 80.0, 70.0]
    signals = strategy_named("bollinger_bands", {}).signals(bars_closing(closes))
    assert signals[["bar_index", "bias"]].to_numpy().tolist() == [[40, "long"]]


def test_grid_enters_each_level_until_the_far_end() -> None:
    flat = [100.0] * 30
    lows, highs = [*flat, 98.9, 97.9, 97.9, 96.5], [*flat, 99.0, 99.0, 99.0, 103.1]
    closes = [*flat, 99.0, 99.0, 99.0, 99.0]
    bars = bars_from({"open": closes, "high": highs, "low": lows, "close": closes})
    strategy = strategy_named("grid", {"allow_short": False})
    signals = strategy.signals(bars)
    assert signals["bar_index"].tolist() == [30, 31]
    assert [details["levels_below"] for details in signals["details"]] == [1.0, 2.0]
    # Both sides are reached at bar 33: no entry; 103.1 is above 97.9 x 1.03, so longs are closed.
    exits = strategy.exits(bars)
    assert exits[exits["bias"] == "long"]["bar_index"].tolist() == [33]


@pytest.mark.parametrize("scale", [1.0, 0.1, 1e-9])
def test_a_low_that_stands_on_a_level_has_reached_it(scale: float) -> None:
    lows, highs = np.array([*[100.0] * 30, 99.0]) * scale, np.full(31, 100.0) * scale
    closes = np.array([*[100.0] * 30, 99.5]) * scale
    columns = {"open": closes, "high": highs, "low": lows, "close": closes}
    signals = strategy_named("grid", {}).signals(bars_from({name: list(values) for name, values in columns.items()}))
    assert signals["bar_index"].tolist() == [30]


def test_dca_enters_by_clock_and_ends_its_cycle() -> None:
    # 2024-01-01 is hour 473,352 since 1970: place 52 of a cycle of 100, so a new one begins at bar 48.
    closes = [100.0] * 48 + [100.0] * 25 + [104.0] + [100.0] * 100
    strategy = strategy_named("dca", {})
    wicks = {"high": [close + 1 for close in closes], "low": [close - 1 for close in closes]}
    bars = bars_from({"open": closes, **wicks, "close": closes})
    signals, exits = strategy.signals(bars), strategy.exits(bars)
    assert signals["bar_index"].tolist() == [48, 58, 68, 78, 88, 98, 108, 118, 148, 158, 168]
    assert [details["layer"] for details in signals["details"]][:9] == [1, 2, 3, 1, 2, 3, 4, 5, 1]
    assert exits["bar_index"].tolist() == [73, 147]


def test_dca_can_build_shorts() -> None:
    strategy = strategy_named("dca", {"short": "true"})
    assert set(strategy.signals(BARS)["bias"]) == set(strategy.exits(BARS)["bias"]) == {"short"}


def test_martingale_doubles_down_by_steps_and_only_buys() -> None:
    strategy = strategy_named("martingale", {})
    signals = strategy.signals(BARS)
    layers = np.array([details["layer"] for details in signals["details"]])
    entries = signals["entry_price"].to_numpy()
    assert set(signals["bias"]) == {"long"}
    assert layers.max() > 1
    further = layers[1:] > 1
    assert (entries[1:][further] <= entries[:-1][further] * 0.98).all()


def test_martingale_follows_the_fall_to_its_target() -> None:
    # A cycle of 500 begins at bar 148. RSI: 0 at the fall to 99, 23 at the further fall to 97.
    closes = [100.0] * 160 + [99.0, 100.4, 97.0, 99.4, 99.5, 99.5]
    wicks = {"high": [close + 1 for close in closes], "low": [close - 1 for close in closes]}
    bars = bars_from({"open": closes, **wicks, "close": closes})
    strategy = strategy_named("martingale", {"rsi_below": 20})
    signals, exits = strategy.signals(bars), strategy.exits(bars)
    assert signals["bar_index"].tolist() == [160, 162]
    assert [details["mean_entry"] for details in signals["details"]] == [99.0, 98.0]
    assert exits[["bar_index", "bias"]].to_numpy().tolist() == [[164, "long"]]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("sma_crossover", {"fast_period": 30}, "below slow_period"),
        ("macd", {"fast_period": 26}, "below slow_period"),
        ("rsi", {"overbought": 30}, "below overbought"),
        ("dca", {"every_bars": 100}, "below hold_bars"),
        ("martingale", {"max_entires": 3}, "did you mean max_entries"),
    ],
)
def test_senseless_parameters_are_refused(name: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        strategy_named(name, parameters)
