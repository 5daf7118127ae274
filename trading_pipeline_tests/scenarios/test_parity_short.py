"""Live equals backtest: real bars through exchange and services, and the engine says the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.server import Configuration, running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay, strategy_plan

SYMBOLS = ("ADAUSDT", "SOLUSDT")
START = datetime(2026, 1, 15, tzinfo=UTC)
END = START + timedelta(days=14)


@pytest.fixture
def bars_dir(shared_data: Path) -> Path:
    return shared_data / "candles"


def test_every_signal_and_trade_of_two_weeks_is_the_engines(database: Engine, bars_dir: Path) -> None:
    plan = strategy_plan("rsi", Timeframe.H4, oversold=40.0, overbought=60.0)
    with running_exchange(Configuration(SYMBOLS, bars=bars_dir, start=START, lock_step=Timeframe.H4)) as exchange:
        replay = BareReplay(database, exchange, plan, SYMBOLS, START, START - timedelta(days=20))
        replay.run(END)
        report = replay.parity(bars_dir, END)
    assert report.differences == ()
    assert report.whole_account
    assert report.trades >= 5
    assert report.legs >= 7
    assert report.denied > 0, "no signal met an open position: choose other bars"
    assert replay.postbox.messages == []
