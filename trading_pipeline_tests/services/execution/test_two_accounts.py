"""Two accounts on one database: what one of them holds, loses or owes is not the other's."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline.services.execution.submit_order import submit_order
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_venue import FakeVenue

OTHER = AccountId("BYBIT:1002:simulated")
FIRST, SECOND = trade_plan(), trade_plan(strategy="donchian_breakout")
"""Two strategies see the same in one instrument."""


@dataclass
class Second:
    """The other account, at the same prices."""

    lab: Lab

    def __post_init__(self) -> None:
        database = self.lab.database
        self.venue = FakeVenue(self.lab.clock, self.lab.venue.prices)
        self.gate, self.equity = PostgresEntryGate(database, OTHER), PostgresEquityLog(database, OTHER)
        self.ledger = PostgresLedger(database, OTHER)
        self.lab.accounts.register(OTHER, "another key")

    def context(self, run_id: str) -> ExecutionContext:
        """A run with the other key."""
        return replace(self.lab.context(run_id), account_id=OTHER, ledger=self.ledger, trading=self.venue)

    def execute(self, plan: TradePlan, run_id: str = "run-b") -> None:
        """Store the plan and let this account execute it."""
        store_plan(self.lab.database, plan, checks=False)
        execute_plans(context=self.context(run_id), gate=self.gate, equity=self.equity)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """The first account with its long."""
    lab = Lab(database)
    store_plan(database, FIRST)
    execute_plans(context=lab.context("run-a"), gate=lab.gate, equity=lab.equity)
    return lab


def test_each_may_hold_the_same_instrument(lab: Lab) -> None:
    second = Second(lab)
    second.execute(SECOND)
    assert lab.plan_status(SECOND)[0] is PlanStatus.EXECUTED
    assert [one.plan_id for one in lab.ledger.live_positions()] == [FIRST.plan_id]
    assert [one.plan_id for one in second.ledger.live_positions()] == [SECOND.plan_id]
    held = PostgresAccountOverview(lab.database).live_positions()
    assert [one.account_id for one in held] == [ACCOUNT, OTHER]


def test_reconciliation_of_one_finds_nothing_of_the_other(lab: Lab) -> None:
    second = Second(lab)
    second.execute(SECOND)
    assert reconcile_account(context=second.context("run-r")).differences == ()
    assert reconcile_account(context=lab.context("run-r")).differences == ()


def test_a_difference_halts_its_account_alone(lab: Lab) -> None:
    second = Second(lab)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1000))
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT, FIRST.instrument_id), "reconciliation: quantity", WAVE))
    second.execute(SECOND)
    assert lab.plan_status(SECOND)[0] is PlanStatus.EXECUTED


def test_a_halt_of_the_account_stops_its_entries(lab: Lab) -> None:
    second = Second(lab)
    lab.halts.halt(Halt(HaltScope.of(OTHER), "the venue forbids trading", WAVE))
    second.execute(SECOND)
    status, reason = lab.plan_status(SECOND)
    assert (status, reason.partition(":")[0]) == (PlanStatus.DENIED, "halt")


def test_no_order_goes_with_another_accounts_key(lab: Lab) -> None:
    second = Second(lab)
    store_plan(lab.database, SECOND, checks=False)
    second.equity.record(second.venue.wallet())
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-b")
    gate_plans(context=second.context("run-b"), gate=second.gate, plans=claimed.plans)
    link_id = f"{SECOND.plan_id}_E"
    with pytest.raises(ConfigurationError, match=f"is an order of {OTHER}, this run trades {ACCOUNT}"):
        submit_order(context=lab.context("run-b"), order_link_id=link_id)
    assert link_id not in lab.venue.posts
    assert second.ledger.intent(link_id).state is IntentState.INTENDED


def test_an_execution_that_two_accounts_share_is_booked_in_each(lab: Lab) -> None:
    second = Second(lab)
    second.execute(SECOND)  # both venues count their executions from one
    (mine,) = lab.ledger.live_positions()
    (other,) = second.ledger.live_positions()
    assert (mine.quantity, other.quantity) == (Decimal(5), Decimal(5))
