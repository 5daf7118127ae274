"""What the gate reads from the database before it decides."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.entry import EntryDecision, GateFacts
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline_tests.testkit.builders import ACCOUNT, usdt, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

OTHER = AccountId("BYBIT:1002:simulated")
MIDNIGHT = day_of(WAVE)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def lab(database: Engine) -> Lab:
    lab = Lab(database)
    lab.venue.on_fill = lab.ledger.apply_fill
    return lab


def facts_of(lab: Lab, plan: TradePlan, account_id: AccountId = ACCOUNT) -> GateFacts:
    """What the gate of the account reads for the plan, which it then denies."""
    read: list[GateFacts] = []

    def decide(facts: GateFacts) -> EntryDecision:
        read.append(facts)
        return EntryDecision(None, (Finding("none", Action.DENY, "the facts are all that is asked for"),))

    store_plan(lab.database, plan, checks=False)
    claim_plans(plans=lab.ledger, clock=lab.clock, run_id="asking")
    PostgresEntryGate(lab.database, account_id).admit(plan, "USDT", "asking", lab.clock.now(), decide)
    return read[0]


def execute(lab: Lab, plan: TradePlan) -> None:
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)


def test_the_day_starts_with_the_first_reading_since_midnight(lab: Lab) -> None:
    for hours, equity in ((-1, 9_000), (1, 10_000), (2, 11_000)):
        lab.equity.record(usdt_wallet(Decimal(equity), MIDNIGHT + timedelta(hours=hours)))
    lab.equity.record(Wallet({"BTC": usdt(Decimal(1))}, MIDNIGHT))
    assert facts_of(lab, trade_plan()).day_start_equity == Decimal(10_000)


def test_a_day_without_a_reading_has_no_start(lab: Lab) -> None:
    lab.equity.record(usdt_wallet(Decimal(9_000), MIDNIGHT - timedelta(seconds=1)))
    assert facts_of(lab, trade_plan()).day_start_equity is None


def test_an_entry_is_pending_until_a_fill_of_it_is_booked(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute(lab, trade_plan("ADAUSDT.BYBIT"))
    assert facts_of(lab, trade_plan("SOLUSDT.BYBIT")).pending_notional == Decimal(5_000)
    lab.venue.fill(lab.venue.accepted[0], Decimal(1), Decimal(1000))
    assert facts_of(lab, trade_plan("BTCUSDT.BYBIT")).pending_notional == 0


def test_an_entry_that_ended_empty_is_pending_no_more(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute(lab, trade_plan("ADAUSDT.BYBIT"))
    lab.venue.end(lab.venue.accepted[0])
    report = lab.venue.order("ADAUSDT.BYBIT", lab.venue.accepted[0])
    assert report is not None
    lab.ledger.apply_report(report)
    assert facts_of(lab, trade_plan("SOLUSDT.BYBIT")).pending_notional == 0


def test_the_newest_stop_loss_of_the_instrument_and_timeframe_counts(lab: Lab) -> None:
    for close_time in (WAVE, WAVE + 2 * QUARTER):
        lab.clock.set(close_time)
        lab.venue.prices["BTCUSDT.BYBIT"] = Decimal(1000)
        execute(lab, trade_plan(close_time=close_time))
        lab.clock.set(close_time + QUARTER)
        lab.venue.move("BTCUSDT.BYBIT", Decimal(990))
    lab.clock.set(WAVE + 8 * QUARTER)
    newer = trade_plan(close_time=WAVE + 8 * QUARTER)
    assert facts_of(lab, newer).last_stop_loss_at == WAVE + 3 * QUARTER
    elsewhere = trade_plan("SOLUSDT.BYBIT", close_time=WAVE + 8 * QUARTER)
    assert facts_of(lab, elsewhere).last_stop_loss_at is None


def test_another_account_has_facts_of_its_own(lab: Lab) -> None:
    lab.accounts.register(OTHER, "another key")
    execute(lab, trade_plan("ADAUSDT.BYBIT"))
    lab.venue.move("ADAUSDT.BYBIT", Decimal(990))
    lab.venue.holds_fills = True
    execute(lab, trade_plan("SOLUSDT.BYBIT"))
    facts = facts_of(lab, trade_plan("ADAUSDT.BYBIT", strategy="other"), OTHER)
    assert (facts.account_id, facts.live_symbols, facts.last_stop_loss_at) == (OTHER, (), None)
    assert (facts.day_start_equity, facts.pending_notional, facts.adds_to) == (None, 0, None)


def test_a_position_is_live_until_it_is_flat(lab: Lab) -> None:
    execute(lab, trade_plan("ADAUSDT.BYBIT"))
    assert facts_of(lab, trade_plan("SOLUSDT.BYBIT")).live_symbols == ("ADAUSDT.BYBIT",)
    lab.venue.trade("ADAUSDT.BYBIT", Side.SELL, Decimal(5), Decimal(1001), FillKind.STOP_LOSS)
    assert facts_of(lab, trade_plan("BTCUSDT.BYBIT")).live_symbols == ()
