"""Seven strategies on one account, through Dagster, feed and simulator, against the backtest of the same files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from trading_pipeline.runtime.supervision.embedded import free_port

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900), pytest.mark.xdist_group("demo")]

REPOSITORY = Path(__file__).resolve().parents[2]
BARS = REPOSITORY / "trading_pipeline_tests" / "samples" / "SOLUSDT_15m.csv.gz"
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT")
"""The same bars under five names: signals come together and compete for slots and margin."""
TIMEFRAMES = ("15m", "1h")
WAVES = 40
CLOSE_STOP: dict[str, object] = {"atr_period": 14, "stop_atr_multiple": 1.5}
FAR_STOP: dict[str, object] = {"atr_period": 14, "stop_atr_multiple": 5.0}
TWO_TARGETS: dict[str, object] = {
    "targets": [{"r_multiple": 1, "fraction": 0.4}, {"r_multiple": 2, "fraction": 0.4}],
    "runner": {"fraction": 0.2, "atr_multiple": 3, "atr_period": 14},
}
THREE_TARGETS: dict[str, object] = {
    "targets": [
        {"r_multiple": 0.5, "fraction": 0.4},
        {"r_multiple": 1, "fraction": 0.3},
        {"r_multiple": 1.5, "fraction": 0.3},
    ],
    "runner": {"fraction": 0, "trail": "none"},
}
FAR_TARGET: dict[str, object] = {
    "targets": [{"r_multiple": 3, "fraction": 1.0}],
    "runner": {"fraction": 0, "trail": "none"},
}
BEHIND_PIVOTS: dict[str, object] = {
    "targets": [{"r_multiple": 0.5, "fraction": 0.5}],
    "runner": {"fraction": 0.5, "trail": "pivot", "trail_at": "finest"},
}
PULLBACKS = """
from dataclasses import replace
from typing import ClassVar

from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.strategies.opinions.stochastic_adx import StochasticAdx


class Pullbacks(StochasticAdx):
    name: ClassVar[str] = "pullbacks"
    tells_momentum: ClassVar[bool] = True

    def decide(self, bars):
        found = super().decide(bars)
        return replace(found, evidence={"histogram": macd(bars.close, 12, 26, 9)[2][found.bar_index]})
"""
"""A user's own strategy, whose signals tell the MACD histogram that the next-bar exit compares."""
STRATEGIES: dict[str, dict[str, object]] = {
    "supertrend": {
        "symbols": ["DDDUSDT"],
        "parameters": {**FAR_STOP, "period": 7, "multiple": 1.0},
        "lifecycle": {**TWO_TARGETS, "opposite": "reverse", "strategy_exits": False},
    },
    "pullbacks": {"symbols": ["BBBUSDT"], "parameters": {}, "lifecycle": {**TWO_TARGETS, "next_bar_exit": True}},
    "donchian_breakout": {
        "symbols": ["BBBUSDT", "CCCUSDT"],
        "parameters": {**CLOSE_STOP, "channel": 10},
        "lifecycle": THREE_TARGETS,
    },
    "vwap_reversion": {"symbols": ["CCCUSDT"], "parameters": CLOSE_STOP, "lifecycle": TWO_TARGETS},
    "macd": {
        "symbols": ["AAAUSDT"],
        "parameters": FAR_STOP,
        "lifecycle": {**FAR_TARGET, "opposite": "close", "strategy_exits": False},
    },
    "ema_cross": {"timeframes": list(TIMEFRAMES), "parameters": {}, "lifecycle": BEHIND_PIVOTS},
    "dca": {
        "symbols": ["EEEUSDT"],
        "parameters": {**CLOSE_STOP, "every_bars": 2, "take_profit": 0.02, "hold_bars": 20},
        "lifecycle": {**TWO_TARGETS, "max_layers": 3},
    },
}


def configuration(folder: Path) -> Path:
    """The project's own, but for what trades."""
    shutil.copytree(REPOSITORY / "config", folder)
    shutil.rmtree(folder / "strategies")
    (folder / "strategies").mkdir()
    universe = {
        "venue": "bybit",
        "history_start": "2025-01-01",
        "symbols": list(SYMBOLS),
        "timeframes": list(TIMEFRAMES),
    }
    (folder / "universe.yaml").write_text(yaml.safe_dump(universe))
    (folder / "strategies" / "pullbacks.py").write_text(PULLBACKS)
    for name, content in STRATEGIES.items():
        whole = {"strategy": name, "enabled": True, "timeframes": ["15m"], **content}
        (folder / "strategies" / f"{name}.yaml").write_text(yaml.safe_dump(whole))
    return folder


def replay(folder: Path) -> dict[str, Any]:
    """Replay ten hours and compare; the report."""
    bars = folder / "bars"
    bars.mkdir()
    for symbol in SYMBOLS:
        shutil.copy(BARS, bars / f"{symbol}_15m.csv.gz")
    arguments = [
        *("--bars", str(bars), "--symbols", ",".join(SYMBOLS), "--timeframes", ",".join(TIMEFRAMES), "--parity"),
        *("--from", "2026-01-30", "--days", str(WAVES / 96), "--backfill-days", "20", "--run-id", "whole"),
        *("--port", str(free_port()), "--state-dir", str(folder / "state"), "--reports", str(folder / "reports")),
    ]
    environment = {
        **os.environ,
        "TRADING_CONFIG_DIR": str(configuration(folder / "config")),
        "TRADING_DBT_PROJECT_DIR": str(REPOSITORY / "dbt_project"),
        "COLUMNS": "200",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "trading_pipeline.cli.main", "replay", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=840)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)
    assert process.returncode == 0, output[-4000:]
    report: dict[str, Any] = json.loads((folder / "reports" / "replay_whole.json").read_text())
    return report


def test_seven_strategies_on_one_account_match_their_backtest(open_folder: Path) -> None:
    report = replay(open_folder)
    parity, left = report["parity"], report["exit_reasons"]
    assert parity["differences"] == []
    assert parity["given"] == ["ticks and lots of the venue"]
    assert {one.split()[1] for one in parity["strategies"]} == set(TIMEFRAMES)
    assert {"next_bar_exit", "signal_exit", "reversal", "opposite_signal", "break_even", "take_profit"} <= set(left)
    assert parity["trades"] >= 18
    assert parity["trades"] - parity["still_open"] == len(report["trades"]), "the report and parity count other trades"
    entered = parity["signals"] - parity["not_entered"]
    assert entered > parity["trades"], "nothing added a layer: choose other bars"
    assert report["plan_statuses"]["denied"] > 0, "nothing competed for slots: choose other bars"
