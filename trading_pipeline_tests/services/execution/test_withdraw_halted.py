"""Entries that rest under a halt."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.services.execution.withdraw_halted import withdraw_halted
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan

SOL, BTC = InstrumentId("SOLUSDT.BYBIT"), InstrumentId("BTCUSDT.BYBIT")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """Plans of two instruments."""
    lab = Lab(database)
    for instrument_id in (SOL, BTC):
        store_plan(database, trade_plan(instrument_id))
    return lab


def resting(lab: Lab, purpose: Purpose, instrument_id: InstrumentId = SOL) -> str:
    """A limit order of the purpose that the venue has acknowledged."""
    plan = trade_plan(instrument_id)
    intent = OrderIntent(
        f"{plan.plan_id}_{purpose}", ACCOUNT, plan.plan_id, purpose, plan.instrument_id, Side.BUY, OrderType.LIMIT,
        Decimal(1), Decimal(900), None, reduce_only=False, valid_until=ALWAYS_VALID, run_id="run-1",
    )  # fmt: skip
    lab.ledger.write_intent(intent)
    for state in (IntentState.SENT, IntentState.ACKNOWLEDGED):
        lab.ledger.advance(intent.order_link_id, state)
    lab.venue.submit(intent)
    return intent.order_link_id


def test_entries_are_taken_back_and_what_protects_stays(lab: Lab) -> None:
    entry, target = resting(lab, Purpose.ENTRY), resting(lab, Purpose.TAKE_PROFIT_1)
    assert withdraw_halted(context=lab.context()) == ()
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT), "because", WAVE))
    assert withdraw_halted(context=lab.context()) == (entry,)
    assert lab.ledger.intent(entry).state is IntentState.CANCELLED
    assert lab.ledger.intent(target).state is IntentState.ACKNOWLEDGED
    assert withdraw_halted(context=lab.context()) == ()


def test_what_the_halt_does_not_cover_rests_on(lab: Lab) -> None:
    resting(lab, Purpose.ENTRY)
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT, BTC), "because", WAVE))
    assert withdraw_halted(context=lab.context()) == ()


def test_a_start_takes_nothing_back(lab: Lab) -> None:
    resting(lab, Purpose.ENTRY)
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT), "not compared yet", WAVE, kind=HaltKind.START))
    assert withdraw_halted(context=lab.context()) == ()


def test_one_that_cannot_be_taken_back_keeps_no_other_resting(lab: Lab) -> None:
    resting(lab, Purpose.ENTRY, BTC)
    resting(lab, Purpose.ENTRY, SOL)
    lab.halts.halt(Halt(HaltScope.of(ACCOUNT), "because", WAVE))
    lab.venue.faults["cancel"] = [TemporaryVenueError("no answer")]
    assert len(withdraw_halted(context=lab.context())) == 1
    assert len(withdraw_halted(context=lab.context())) == 1
    assert lab.venue.open_orders() == []
