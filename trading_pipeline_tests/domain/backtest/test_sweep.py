import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import talib

from trading_pipeline.domain.analysis.metrics import metrics_of
from trading_pipeline.domain.backtest.codes import Outcome
from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Exits
from trading_pipeline.domain.backtest.crosses import EmaCross
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.figures import FIGURES
from trading_pipeline.domain.backtest.records import ENTRY
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.sweep import GivenSignals, ParameterSet, StrategySignals, run_sweep
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline_tests.domain.backtest.cases import (
    HOUR_MS,
    config_of,
    percent_exits,
    random_bars,
    run_one,
    signals_of,
)
from trading_pipeline_tests.domain.strategies.bars import random_bars as random_frame

BARS = random_bars(3000, 7)


def crosses(fast: int, slow: int) -> EntrySignals:
    """The cross signals as the indicator library has them."""
    above = talib.EMA(BARS.close, fast) > talib.EMA(BARS.close, slow)
    at = np.flatnonzero(above[1:] != above[:-1]) + 1
    at = at[at >= slow]
    return EntrySignals(at, np.where(above[at], 1, -1), np.full(len(at), np.nan))


def test_the_compiled_crosses_are_those_of_the_indicator_library() -> None:
    rows = EmaCross(12, 26).rows(BARS.close, np.zeros(len(BARS), ENTRY))
    expected = crosses(12, 26)
    assert np.array_equal(rows["bar"], expected.bar_index)
    assert np.array_equal(rows["direction"], expected.direction)


@pytest.mark.parametrize("ticks_per_unit", [1, 10, 1000])
def test_crosses_do_not_depend_on_the_unit_of_the_price(ticks_per_unit: int) -> None:
    # 0.231 forty times: the means of 12 and 26 of them differ in the last bit, and only the tick up makes a cross.
    close = np.repeat([231, 232], [40, 60]) / ticks_per_unit
    rows = EmaCross(12, 26).rows(close, np.zeros(len(close), ENTRY))
    assert list(zip(rows["bar"], rows["direction"], strict=True)) == [(40, 1)]


def with_a_hole(bars: BarArrays) -> BarArrays:
    """The same bars, the later half a hundred days later."""
    late = np.where(np.arange(len(bars)) < len(bars) // 2, 0, 100 * 24 * HOUR_MS)
    return replace(bars, open_time_ms=bars.open_time_ms + late, close_time_ms=bars.close_time_ms + late)


def assert_alike(found: np.void, single: BacktestResult) -> None:
    """Every figure of a sweep is the one that a single run has under the same name."""
    metrics = metrics_of(single, HOUR_MS)
    for name in FIGURES.names or ():
        assert found[name] == pytest.approx(metrics["sharpe_ratio" if name == "sharpe" else name], rel=1e-9), name


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_finds_what_single_runs_find(workers: int) -> None:
    sets = [
        ParameterSet(replace(config_of(percent_exits(stop, 0.02)), costs=Costs(2.0, 5.5, 1.0)), EmaCross(fast, 30))
        for stop in (0.005, 0.01)
        for fast in (5, 9, 13)
    ]
    figures = run_sweep(BARS, sets, workers)
    for one, found in zip(sets, figures, strict=True):
        assert isinstance(one.source, EmaCross)
        single = run_one(one.config, BARS, crosses(one.source.fast_period, one.source.slow_period))
        assert found["trades"] == len(single.trades) > 10
        assert_alike(found, single)


@pytest.mark.parametrize("bars", [with_a_hole(BARS), random_bars(23, 7), random_bars(24, 7)], ids=["hole", "23", "24"])
def test_a_sweep_annualises_as_single_runs_do(bars: BarArrays) -> None:
    config, signals = config_of(percent_exits(0.01, 0.02)), signals_of([(3, 1, np.nan), (12, -1, np.nan)])
    (found,) = run_sweep(bars, [ParameterSet(config, GivenSignals(signals, bars))], 1)
    assert found["sharpe"] != 0.0
    assert_alike(found, run_one(config, bars, signals))


def test_given_signals_sweep_over_exits() -> None:
    signals = crosses(12, 26)
    sets = [ParameterSet(config_of(percent_exits(s, 0.02)), GivenSignals(signals, BARS)) for s in (0.005, 0.02)]
    figures = run_sweep(BARS, sets, 2)
    assert figures[0]["trades"] == len(run_one(sets[0].config, BARS, signals).trades)
    assert figures[0]["trades"] >= figures[1]["trades"]


@pytest.mark.parametrize(
    ("name", "parameter", "values"), [("supertrend", "multiple", (2.0, 3.0)), ("dca", "every_bars", (5, 20))]
)
def test_a_sweep_runs_the_strategies_that_a_backtest_runs(name: str, parameter: str, values: tuple[float, ...]) -> None:
    frame = random_frame(3000)
    bars, config = BarArrays.of(frame), BacktestConfig().with_values({"max_layers": 3, "taker_fee_bps": 5.5})
    strategies = [strategy_named(name, {parameter: value}) for value in values]
    figures = run_sweep(bars, [ParameterSet(config, StrategySignals(one, frame, bars)) for one in strategies], 2)
    for strategy, found in zip(strategies, figures, strict=True):
        signals = EntrySignals.of_frame(strategy.signals(frame)).with_exits(strategy.exits(frame))
        single = run_backtest(config, {"BTCUSDT": SymbolInput(bars, signals)})
        assert found["trades"] == len(single.trades) > 10
        assert found["final_equity"] == single.equity[-1]
    assert figures["final_equity"][0] != figures["final_equity"][1]


def test_a_sweep_refuses_a_rule_it_has_no_data_for() -> None:
    config = BacktestConfig(exits=Exits(next_bar_exit=True))
    with pytest.raises(ConfigurationError, match="momentum"):
        run_sweep(BARS, [ParameterSet(config, EmaCross(5, 10))], 1)


def test_the_fast_average_has_to_be_the_faster_one() -> None:
    with pytest.raises(ConfigurationError, match="fast < slow"):
        EmaCross(26, 12)


def test_every_signal_has_an_outcome() -> None:
    result = run_backtest(config_of(percent_exits(0.01, 0.02)), {"X": SymbolInput(BARS, crosses(12, 26))})
    assert int(Outcome.PENDING) not in result.outcomes


def test_the_model_and_the_configuration_load_without_the_compiler() -> None:
    code = (
        "import sys, trading_pipeline.domain.model.bars, trading_pipeline.domain.backtest.config;"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
