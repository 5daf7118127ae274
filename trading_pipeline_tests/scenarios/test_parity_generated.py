"""Live equals backtest on bars that jump: stops that follow fills in the middle of bars, on both sides."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, text

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import Target
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay, strategy_plan

INSTRUMENT_IDS = (InstrumentId("ADAUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT"))
SYMBOLS = ("ADAUSDT", "SOLUSDT")
SEED = 7
START = datetime(2025, 6, 2, tzinfo=UTC)
END = START + timedelta(days=8)

_EARNED_INSIDE = text("""
SELECT count(*) FROM trading.positions
WHERE exit_reason IN ('break_even', 'trailing_stop') AND date_bin('4 hours', closed_at, 'epoch') = (
  SELECT date_bin('4 hours', max(fill.executed_at), 'epoch') FROM trading.fills fill
  JOIN trading.order_intents intent USING (order_link_id)
  WHERE fill.position_id = positions.position_id AND intent.purpose LIKE 'TP%')
""")
"""Positions whose stop was moved by a target and hit inside the same 4h bar."""


def test_stops_that_follow_fills_end_trades_where_the_engine_ends_them(database: Engine) -> None:
    near = (Target(Decimal("0.2"), Decimal("0.4")), Target(Decimal("0.4"), Decimal("0.4")))
    plan = strategy_plan("rsi", Timeframe.H4, oversold=45.0, overbought=55.0)
    plan = replace(plan, lifecycle=replace(plan.lifecycle, targets=near))
    configuration = Configuration(
        SYMBOLS, seed=SEED, start=START, lock_step=Timeframe.H4, profile=ExecutionProfile.IDEAL
    )
    with running_exchange(configuration) as exchange:
        replay = BareReplay(database, exchange, [plan], INSTRUMENT_IDS, START, START - timedelta(days=20))
        replay.run(END)
        report = replay.parity(SEED, END)
    with database.connect() as connection:
        reasons = Counter(connection.execute(text("SELECT exit_reason FROM trading.positions")).scalars())
        inside = connection.execute(_EARNED_INSIDE).scalar_one()
    assert report.differences == ()
    assert reasons["break_even"] >= 2
    assert inside >= 1, "no stop was moved and hit inside one bar: choose other bars"
    assert replay.postbox.messages == []
