"""The loop without its compiler, which is how it is debugged."""

import os
import subprocess
import sys

import numpy as np

from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.strategies.avi5.levels import entry_grid
from trading_pipeline.domain.strategies.framework.arrays import Decisions
from trading_pipeline_tests.domain.backtest.cases import random_bars, signals_of

_PROGRAM = """
from trading_pipeline_tests.domain.backtest.test_interpreted import equity_of_a_run
print(equity_of_a_run().tolist())
"""


def equity_of_a_run() -> np.ndarray:
    """Equity at every bar of a run with targets, runners and both sides, entered in two levels."""
    bars = random_bars(300, 5, 0.01)
    rows = [
        (i, side, float(bars.close[i]) * (1 - side * 0.02))
        for i, side in zip(range(5, 290, 9), [1, -1] * 40, strict=False)
    ]
    plain = signals_of(rows)
    entry, stop = bars.close[plain.bar_index], plain.stop_price
    grid = entry_grid(entry, stop, 2, 0.25)
    decisions = Decisions(plain.bar_index, plain.direction, entry, stop, np.full(len(plain), 50.0), grid=grid)
    config = BacktestConfig().with_values({"max_layers": 2, "entry_expiry_bars": 3})
    return run_backtest(config, {"BTCUSDT": SymbolInput(bars, EntrySignals.of_decisions(decisions))}).equity


def test_the_interpreter_trades_as_the_compiled_loop_does() -> None:
    """Same fills in the same order, so that a debugger shows what really happens."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    compiled = equity_of_a_run()
    assert len(set(compiled)) > 100
    assert told.stdout.strip() == str(compiled.tolist())
