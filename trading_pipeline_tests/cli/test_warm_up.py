"""Nobody waits for the compiler after set-up."""

import os
import subprocess
import sys
from pathlib import Path

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.sample_bars import sample_bars


def _run(cache: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "trading_pipeline.cli.main", *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        check=True,
        capture_output=True,
        timeout=300,
    )


def test_after_the_warm_up_no_command_compiles_anything(tmp_path: Path) -> None:
    cache, bars = tmp_path / "cache", tmp_path / "BTCUSDT_1h.csv"
    frame = sample_bars("BTCUSDT", Timeframe.H1, 2_500)
    frame["open_time_ms"] = frame["open_time"].astype("datetime64[ms, UTC]").astype("int64")
    frame[["open_time_ms", "open", "high", "low", "close", "volume"]].to_csv(bars, index=False)
    _run(cache, "warm-up")
    compiled = sorted(cache.rglob("*.nbc"))
    source = ("--bars", str(bars), "--symbol", "BTCUSDT", "--timeframe", "1h")
    rules = ("max_layers=3", "trail=percent:0.01:0.005", "volatility=0.05:0.5", "max_daily_loss=none")
    extra = [part for rule in rules for part in ("--param", rule)]
    _run(cache, "backtest", *source, "--strategy", "dca", *extra, "--report", str(tmp_path / "run.html"))
    _run(cache, "signals", *source, "--strategy", "supertrend", "--json", str(tmp_path / "signals.json"))
    assert len(compiled) > 20
    assert sorted(cache.rglob("*.nbc")) == compiled
