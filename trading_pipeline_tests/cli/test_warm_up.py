"""Nobody waits for the compiler after set-up."""

import os
import re
import subprocess
import sys
from pathlib import Path

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.sample_bars import sample_bars


def _run(*arguments: str) -> str:
    """Run a command of ours; what it printed, and what the compiler's cache says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "trading_pipeline.cli.main", *arguments],
        env={**os.environ, "NUMBA_DEBUG_CACHE": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout


def _touched(said: str) -> set[str]:
    """Files of compiled code that were loaded or made."""
    return set(re.findall(r"data (?:saved to|loaded from) '(.*)'", said))


def test_after_the_warm_up_no_command_compiles_anything(tmp_path: Path) -> None:
    bars = tmp_path / "BTCUSDT_1h.csv"
    frame = sample_bars("BTCUSDT", Timeframe.H1, 2_500)
    frame["open_time_ms"] = frame["open_time"].astype("datetime64[ms, UTC]").astype("int64")
    frame[["open_time_ms", "open", "high", "low", "close", "volume"]].to_csv(bars, index=False)
    # set-up has done it already, where it was set up: then this takes seconds
    warmed = _run("warm-up")
    source = ("--bars", str(bars), "--symbol", "BTCUSDT", "--timeframe", "1h")
    rules = ("max_layers=3", "trail=percent:0.01:0.005", "volatility=0.05:0.5", "max_daily_loss=none")
    extra = [part for rule in rules for part in ("--param", rule)]
    backtest = _run("backtest", *source, "--strategy", "dca", *extra, "--report", str(tmp_path / "run.html"))
    signals = _run("signals", *source, "--strategy", "supertrend", "--json", str(tmp_path / "signals.json"))
    # what a command loads and the warm-up does not, another test has compiled
    assert _touched(backtest) | _touched(signals) <= _touched(warmed)
    assert "data saved to" not in backtest + signals
    assert any("kernel" in path for path in _touched(backtest))
