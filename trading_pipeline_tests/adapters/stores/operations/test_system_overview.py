"""How a system stands, read back from what it stored."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.operations.system_overview import open_positions, system_overview
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import (
    WAVE,
    Lab,
    store_bar,
    store_plan,
    store_snapshot,
    store_wave,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans


def test_a_system_that_has_done_nothing_says_so(database: Engine) -> None:
    seen = system_overview(database)
    assert (seen.heartbeats, seen.newest_wave, seen.halts, seen.positions, seen.equity) == ((), None, (), (), ())
    assert (seen.waiting_waves, seen.waiting_plans, seen.unsettled_orders) == (0, 0, 0)


def test_what_is_heard_computed_halted_and_worth_is_told(database: Engine) -> None:
    lab = Lab(database)
    PostgresHeartbeatStore(database).beat("feed", "feed.public up")
    store_wave(database, Timeframe.M15)
    store_wave(database, Timeframe.M15, WAVE + timedelta(minutes=15), computed=False)
    lab.halts.halt(Halt(HaltScope("all"), "look first", WAVE))
    lab.equity.record(lab.venue.wallet())
    seen = system_overview(database)
    assert [(beat.component, beat.detail) for beat in seen.heartbeats] == [("feed", "feed.public up")]
    assert (seen.newest_wave, seen.waiting_waves) == (WAVE, 1)
    assert [halt.reason for halt in seen.halts] == ["look first"]
    assert [(one.account_id, one.currency, one.equity) for one in seen.equity] == [(ACCOUNT, "USDT", Decimal(10_000))]


def test_an_order_that_is_on_its_way_is_of_unknown_outcome(database: Engine) -> None:
    lab = Lab(database)
    lab.equity.record(lab.venue.wallet())
    store_plan(database, trade_plan())
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claimed.plans)
    assert system_overview(database).unsettled_orders == 0
    lab.ledger.advance(f"{trade_plan().plan_id}_E", IntentState.SENT)
    seen = system_overview(database)
    assert (seen.unsettled_orders, seen.waiting_plans) == (1, 1)


@pytest.mark.parametrize(("bias", "unrealised"), [(Bias.LONG, Decimal(15)), (Bias.SHORT, Decimal(-15))])
def test_a_position_is_priced_at_the_newest_close(database: Engine, bias: Bias, unrealised: Decimal) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan(bias=bias))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    (unpriced,) = open_positions(database)
    store_bar(database, "BTCUSDT.BYBIT", WAVE, Decimal(1007), 1.0)
    store_bar(database, "BTCUSDT.BYBIT", WAVE + timedelta(minutes=15), Decimal(1003), 1.0)
    (priced,) = open_positions(database)
    assert (unpriced.last_close, unpriced.unrealised_pnl) == (None, None)
    # 5 at 1000
    assert (priced.last_close, priced.unrealised_pnl, priced.strategy) == (Decimal(1003), unrealised, "ema_atr")


def test_of_several_timeframes_the_one_that_closed_last_says_the_price(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_snapshot(database, "BTCUSDT.BYBIT", Timeframe.M15, WAVE + timedelta(minutes=30), Decimal(1004), {})
    store_snapshot(database, "BTCUSDT.BYBIT", Timeframe.H1, WAVE + timedelta(hours=1), Decimal(1002), {})
    store_snapshot(database, "ADAUSDT.BYBIT", Timeframe.H1, WAVE + timedelta(hours=2), Decimal(9), {})
    assert [one.last_close for one in open_positions(database)] == [Decimal(1002)]
