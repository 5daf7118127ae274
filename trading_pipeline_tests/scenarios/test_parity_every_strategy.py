"""What a backtest shows is what the pipeline does, for every strategy there is."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.parameters.research import researched_strategy
from trading_pipeline.adapters.parameters.strategies import configured_names
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_names
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay

CONFIG = Path(__file__).resolve().parents[2] / "config"
BARS = Path(__file__).resolve().parents[1] / "samples" / "SOLUSDT_15m.csv.gz"
"""23 days of Bybit's SOLUSDT perpetual, January 2026."""
START = datetime(2026, 1, 30, tzinfo=UTC)
END = START + timedelta(hours=12)
LOOSER: dict[str, dict[str, object]] = {
    "rsi": {"oversold": 40, "overbought": 60},
    "divergence": {"min_confirmations": 0},
    "martingale": {"rsi_below": 60, "hold_bars": 24},
    "rsi_momentum": {"oversold": 45, "overbought": 55},
}
"""Parameters of strategies that would say nothing in half a day."""
SILENT = {"fused_score"}


def instrument_of(strategy: str) -> InstrumentId:
    """The same bars under a name of the strategy's own, so that none waits for another's position."""
    return InstrumentId(f"{strategy.replace('_', '').upper()}USDT.BYBIT")


def plan_of(name: str) -> StrategyConfig:
    """The strategy as its file runs it, on 15m bars; no book is recorded, so nothing can guard an entry by it."""
    plan = researched_strategy(CONFIG, name, LOOSER.get(name, {})).plan
    limits = replace(plan.lifecycle.limits, max_open_positions=100)
    lifecycle = replace(plan.lifecycle, limits=limits)
    return replace(
        plan, timeframes=(Timeframe.M15,), instrument_ids=(instrument_of(name),), lifecycle=lifecycle, guards=None
    )


@pytest.fixture
def bars_dir(tmp_path: Path) -> Path:
    for name in strategy_names():
        shutil.copy(BARS, tmp_path / f"{instrument_of(name).symbol}_15m.csv.gz")
    return tmp_path


@pytest.mark.proof
def test_every_strategy_trades_as_its_backtest_shows(database: Engine, bars_dir: Path) -> None:
    assert set(configured_names(CONFIG)) == set(strategy_names())
    instrument_ids = tuple(sorted(map(instrument_of, strategy_names())))
    symbols = tuple(one.symbol for one in instrument_ids)
    configuration = Configuration(
        symbols, bars=bars_dir, start=START, lock_step=Timeframe.M15, profile=ExecutionProfile.IDEAL
    )
    with running_exchange(configuration) as exchange:
        plans = [plan_of(name) for name in strategy_names()]
        replay = BareReplay(database, exchange, plans, instrument_ids, START, START - timedelta(days=20))
        replay.run(END)
        report = replay.parity(bars_dir, END)
    with database.connect() as connection:
        spoke = set(connection.execute(text("SELECT DISTINCT strategy FROM trading.signals")).scalars())
        reasons = set(connection.execute(text("SELECT DISTINCT exit_reason FROM trading.positions")).scalars())
    assert report.differences == ()
    assert report.given == ()
    assert spoke >= set(strategy_names()) - SILENT, "a strategy said nothing: choose other bars"
    assert reasons >= {"stop_loss", "break_even", "signal_exit"}
    assert report.trades >= 25
    assert replay.postbox.messages == []
