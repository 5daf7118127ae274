"""Who may work on which plan."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.plans import Claim, PlanStatus, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limits import EntriesBy
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Lab, store_plan, store_wave, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one new plan."""
    lab = Lab(database)
    store_plan(database, PLAN)
    return lab


def claim(lab: Lab, run_id: str) -> Claim:
    return claim_plans(plans=lab.ledger, clock=lab.clock, run_id=run_id)


def test_the_same_run_gets_the_same_plans_again(lab: Lab) -> None:
    assert claim(lab, "run-1") == claim(lab, "run-1") == Claim((PLAN,), ())


def test_another_run_waits_for_the_lease(lab: Lab) -> None:
    claim(lab, "run-1")
    assert claim(lab, "run-2").plans == ()
    lab.end_leases()
    assert claim(lab, "run-2").plans == (PLAN,)


def test_a_plan_with_an_order_outlives_its_time(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.end_leases()
    lab.clock.set(WAVE + timedelta(hours=1))
    assert claim(lab, "run-2") == Claim((PLAN,), ())


def test_a_claimed_plan_without_an_order_expires(lab: Lab) -> None:
    claim(lab, "run-1")
    lab.clock.set(PLAN.valid_until + timedelta(seconds=1))
    assert claim(lab, "run-1") == Claim((), (PLAN.plan_id,))
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXPIRED


def test_a_plan_whose_close_was_never_decided_expires_and_says_why(lab: Lab) -> None:
    """The 1h computation failed for good: the 15m plan of its close is not left behind."""
    store_wave(lab.database, Timeframe.M15)
    store_wave(lab.database, Timeframe.H1, computed=False)
    assert claim(lab, "run-1") == Claim((), ())
    lab.clock.set(PLAN.valid_until + timedelta(seconds=1))
    assert claim(lab, "run-1") == Claim((), (PLAN.plan_id,))
    assert lab.plan_status(PLAN) == (
        PlanStatus.EXPIRED,
        "not claimed before 2025-11-03 12:15:01 UTC; another timeframe of its close was not computed",
    )


def test_a_valid_undecided_plan_joins_the_next_close(lab: Lab) -> None:
    """The 15m computation failed for good: the 1h plan of its close has an hour."""
    hourly = trade_plan("SOLUSDT.BYBIT", timeframe=Timeframe.H1)
    store_plan(lab.database, hourly)
    store_wave(lab.database, Timeframe.H1)
    store_wave(lab.database, Timeframe.M15, computed=False)
    assert claim(lab, "run-1").plans == ()
    lab.clock.set(WAVE + timedelta(minutes=15, seconds=1))
    store_wave(lab.database, Timeframe.M15, WAVE + timedelta(minutes=15))
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(hourly)[0] is PlanStatus.EXECUTED
    assert lab.plan_status(PLAN)[0] is PlanStatus.EXPIRED


EARLIER = replace(trade_plan("XRPUSDT.BYBIT", close_time=WAVE - timedelta(minutes=15)), valid_until=PLAN.valid_until)
ADA = trade_plan("ADAUSDT.BYBIT")
SOL_15M = trade_plan("SOLUSDT.BYBIT")
SOL_1H = trade_plan("SOLUSDT.BYBIT", timeframe=Timeframe.H1)
SOL_1H_MACD = trade_plan("SOLUSDT.BYBIT", timeframe=Timeframe.H1, strategy="macd")


@pytest.mark.parametrize(
    ("entries_by", "first"),
    [
        (EntriesBy.SYMBOL, [EARLIER, ADA, PLAN, SOL_1H, SOL_1H_MACD, SOL_15M]),
        (EntriesBy.SCORE, [EARLIER, SOL_15M, ADA, PLAN, SOL_1H, SOL_1H_MACD]),
    ],
)
def test_entries_come_by_close_symbol_longer_timeframe_and_strategy(
    lab: Lab, entries_by: EntriesBy, first: list[TradePlan]
) -> None:
    """The 15m plan of SOLUSDT scores 51, the others 50; the earlier close comes first whatever its score."""
    for plan in (SOL_15M, EARLIER, SOL_1H_MACD, SOL_1H, ADA):
        store_plan(lab.database, replace(plan, score=Decimal(51 if plan is SOL_15M else 50)), checks=False)
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1", entries_by=entries_by)
    assert [plan.plan_id for plan in claimed.plans] == [plan.plan_id for plan in first]


@pytest.mark.parametrize(
    ("entries_by", "taken"), [(EntriesBy.SYMBOL, "ADAUSDT.BYBIT"), (EntriesBy.SCORE, "SOLUSDT.BYBIT")]
)
def test_the_last_slot_goes_to_the_first_in_that_order(database: Engine, entries_by: EntriesBy, taken: str) -> None:
    lab = Lab(database)
    store_plan(database, ADA)
    store_plan(database, replace(SOL_15M, score=Decimal(51)))
    context = replace(lab.context(), limits=replace(LIMITS, max_open_positions=1, entries_by=entries_by))
    execute_plans(context=context, gate=lab.gate, equity=lab.equity)
    assert [held.instrument_id for held in lab.venue.positions()] == [taken]


def rewrite(lab: Lab, plan: TradePlan, column: str, value: str) -> None:
    """As another version, or somebody by hand, may have written it."""
    with lab.database.begin() as connection:
        statement = f"UPDATE trading.trade_plans SET {column} = :value WHERE plan_id = :plan"
        if column in ("targets", "runner", "levels"):
            statement = statement.replace(":value", "CAST(:value AS jsonb)")
        connection.execute(text(statement), {"value": value, "plan": plan.plan_id})


def test_what_nobody_can_read_is_denied_and_keeps_no_other_plan_waiting(lab: Lab) -> None:
    odd = {"bias": "up", "timeframe": "7m", "targets": "[{}]", "runner": "[]", "levels": '[{"price": "x"}]'}
    plans = {column: trade_plan("SOLUSDT.BYBIT", strategy=column) for column in odd}
    for column, plan in plans.items():
        store_plan(lab.database, plan, checks=False)
        rewrite(lab, plan, column, odd[column])
    assert claim(lab, "run-1").plans == (PLAN,)
    for plan in plans.values():
        status, reason = lab.plan_status(plan)
        assert (status, reason.split(":")[0]) == (PlanStatus.DENIED, "unreadable"), reason


def test_what_has_an_order_is_not_denied_for_being_unreadable(lab: Lab) -> None:
    lab.venue.holds_fills = True
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.end_leases()
    rewrite(lab, PLAN, "timeframe", "7m")
    with pytest.raises(ValueError, match="7m"):
        claim(lab, "run-2")
    assert lab.plan_status(PLAN)[0] is PlanStatus.CLAIMED
