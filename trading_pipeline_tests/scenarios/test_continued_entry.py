"""Entries that end short at a whole exchange: our adapter, its partial fills, its cancellations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from sqlalchemy import Engine

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderType
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.protect_position import protect_position
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_clock import FakeClock

BTC = InstrumentId("BTCUSDT.BYBIT")


@dataclass
class Stage:
    """One account at one exchange, and our clock of it."""

    lab: Lab
    exchange: Simulator
    clock: FakeClock
    context: ExecutionContext

    def enter(self, rule: EntryOrder, below: str = "1") -> TradePlan:
        """Execute a long whose first price is so many times the last one."""
        now = self.clock.now()
        bars = self.exchange.market_data().bars(BTC, Timeframe.M15, now - timedelta(minutes=15), now)
        close = self.context.instrument(BTC).round_price(bars[-1].close * Decimal(below))
        prices = {"entry_price": close, "stop_price": close * Decimal("0.99")}
        plan = replace(trade_plan(close_time=now), entry_order=rule, **prices)
        store_plan(self.lab.database, plan)
        execute_plans(context=self.context, gate=self.lab.gate, equity=self.lab.equity)
        return plan

    def orders(self, plan: TradePlan) -> list[tuple[str, IntentState]]:
        """Endings of the link ids of the entry, with what became of each."""
        entries = self.context.ledger.entries_of(plan.plan_id)
        return [(one.intent.order_link_id.removeprefix(f"{plan.plan_id}_"), one.state) for one in entries]


@pytest.fixture
def stage(database: Engine) -> Iterator[Stage]:
    lab = Lab(database)
    with simulator("BTCUSDT") as exchange:
        market = exchange.market_data()
        clock = FakeClock(market.server_time())
        context = replace(
            lab.context(),
            trading=exchange.trading(),
            market=market,
            instruments=market.instruments(),
            clock=clock,
        )
        yield Stage(lab, exchange, clock, context)


def test_a_market_orders_rest_is_bought_once(stage: Stage) -> None:
    fault = {"kind": "partial_fill", "symbol": "BTCUSDT", "fraction": 0.3}
    requests.post(f"{stage.exchange.rest_url}/simulator/faults", json=fault, timeout=5).raise_for_status()
    plan = stage.enter(EntryOrder())
    assert stage.orders(plan) == [("E", IntentState.CANCELLED), ("E-pf", IntentState.FILLED)]
    (held,) = stage.exchange.trading().positions()
    decided = stage.context.ledger.entries_of(plan.plan_id)[0].intent.quantity
    assert (held.quantity, held.stop_loss) == (decided, stage.context.instrument(BTC).round_price(plan.stop_price))
    assert len(stage.exchange.trading().open_orders()) == 2


def test_a_limit_that_nobody_takes_gives_way_and_goes_to_market(stage: Stage) -> None:
    plan = stage.enter(EntryOrder(OrderType.LIMIT, max_retries=1), below="0.995")
    assert stage.orders(plan) == [("E", IntentState.ACKNOWLEDGED)]
    for _ in range(2):
        stage.clock.advance(timedelta(seconds=30))
        follow_fills(context=stage.context)
    assert stage.orders(plan) == [
        ("E", IntentState.CANCELLED),
        ("E1", IntentState.CANCELLED),
        ("E2", IntentState.FILLED),
    ]
    (held,) = stage.exchange.trading().positions()
    assert held.stop_loss == stage.context.instrument(BTC).round_price(plan.stop_price)
    # Somebody who comes later has nothing to do.
    assert protect_position(context=stage.context, plan=plan).protection == "live_stop"
    assert len(stage.orders(plan)) == 3
