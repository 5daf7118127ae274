"""Live equals backtest: real bars through exchange and services, and the engine says the same."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import ExitRules, FundingExitRule, Runner, Target, TrailRule
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Decisions
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.opinions.stochastic_adx import StochasticAdx
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay, strategy_plan
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE


class PullbacksTellingMomentum(StochasticAdx):
    """Pullbacks whose signals tell the MACD histogram, so that a short window has next-bar exits."""

    tells_momentum: ClassVar[bool] = True

    def decide(self, bars: BarArrays) -> Decisions:
        """The same decisions with the histogram as evidence."""
        found = super().decide(bars)
        return replace(found, evidence={"histogram": macd(bars.close, 12, 26, 9)[2][found.bar_index]})


INSTRUMENT_IDS = (InstrumentId("ADAUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT"))
SYMBOLS = ("ADAUSDT", "SOLUSDT")
START = datetime(2026, 1, 15, tzinfo=UTC)
END = START + timedelta(days=14)


@pytest.fixture
def bars_dir(samples: Path) -> Path:
    return samples / "bars_5m"


BY_LIMIT = replace(
    LIFECYCLE,
    targets=(Target(Decimal(1), Decimal("0.4")),),
    runner=Runner(
        Decimal("0.6"), Decimal(3), 14, TrailRule.PERCENT, activation=Decimal("0.005"), offset=Decimal("0.01")
    ),
    entry_order=EntryOrder(OrderType.LIMIT),
)
"""Enters by limits, which the exchange fills at once at the last price, and trails by the best price."""


def test_every_signal_and_trade_of_two_weeks_is_the_engines(database: Engine, bars_dir: Path) -> None:
    plan = replace(strategy_plan("rsi", Timeframe.H4, oversold=40.0, overbought=60.0), lifecycle=BY_LIMIT)
    with running_exchange(
        Configuration(SYMBOLS, bars=bars_dir, start=START, lock_step=Timeframe.H4, profile=ExecutionProfile.IDEAL)
    ) as exchange:
        replay = BareReplay(database, exchange, [plan], INSTRUMENT_IDS, START, START - timedelta(days=20))
        replay.run(END)
        report = replay.parity(bars_dir, END)
    with database.connect() as connection:
        reasons = Counter(connection.execute(text("SELECT exit_reason FROM trading.positions")).scalars())
        kinds = connection.execute(text("SELECT DISTINCT order_type FROM trading.order_intents WHERE purpose = 'E'"))
        assert list(kinds.scalars()) == ["limit"]
    assert report.differences == ()
    assert reasons["trailing_stop"] >= 2
    assert report.trades >= 5
    assert report.legs >= 7
    assert report.not_entered > 0, "no signal met an open position: choose other bars"
    assert replay.postbox.messages == []


def test_next_bar_exits_and_funding_match_the_engine(database: Engine, bars_dir: Path) -> None:
    end = START + timedelta(days=8)
    before_funding = ExitRules(funding_exit=FundingExitRule(minutes=240))
    lifecycle = replace(LIFECYCLE, next_bar_exit=True, exit_rules=before_funding)
    plan = StrategyConfig(PullbacksTellingMomentum(), (Timeframe.H4,), (), lifecycle)
    with running_exchange(
        Configuration(SYMBOLS, bars=bars_dir, start=START, lock_step=Timeframe.H4, profile=ExecutionProfile.IDEAL)
    ) as exchange:
        replay = BareReplay(database, exchange, [plan], INSTRUMENT_IDS, START, START - timedelta(days=20))
        replay.run(end)
        report = replay.parity(bars_dir, end)
    with database.connect() as connection:
        reasons = Counter(connection.execute(text("SELECT exit_reason FROM trading.positions")).scalars())
    assert report.differences == ()
    assert reasons["next_bar_exit"] >= 2
    assert reasons["funding_exit"] >= 1
    assert sum(reasons.values()) > reasons["next_bar_exit"], "the rule kept no position: choose other bars"
    assert replay.postbox.messages == []
