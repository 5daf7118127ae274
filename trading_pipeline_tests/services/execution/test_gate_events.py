"""What the gate finds is kept with its decision, once; races and replacements on a real ledger."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Row, select, text
from sqlalchemy.exc import DBAPIError

from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.postgres.tables import risk_events
from trading_pipeline.domain.model.errors import TemporaryVenueError, TradingForbiddenByVenue
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limit_sections import PortfolioLimits
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.services.accounting.record_equity import ensure_day_start
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import UPGRADE_FAILED, GateResult, gate_plans
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
ONE_PLACE = replace(LIMITS, max_open_positions=1)
REPLACING = replace(LIMITS, max_open_positions=1, portfolio=PortfolioLimits(replace_lower_timeframe=True))


@pytest.fixture
def lab(database_url: str) -> Lab:
    lab = Lab(connect(database_url))
    lab.venue.on_fill = lab.ledger.apply_fill
    ensure_day_start(trading=lab.venue, equity=lab.equity, now=WAVE)
    return lab


def gate(lab: Lab, limits: RiskLimits = LIMITS, run_id: str = "run-1") -> GateResult:
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id=run_id)
    return gate_plans(context=replace(lab.context(run_id), limits=limits), gate=lab.gate, plans=claim.plans)


def events(lab: Lab) -> Sequence[Row[tuple[object, ...]]]:
    with lab.database.connect() as connection:
        return connection.execute(select(risk_events).order_by(risk_events.c.event_id)).all()


def test_a_refusal_is_kept_with_its_numbers(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    lab.venue.equity = Decimal(9_500)
    gate(lab)
    (event,) = events(lab)
    assert (event.rule, event.action, event.value, event.limit) == (
        "max_daily_loss",
        "deny",
        Decimal("0.05"),
        LIMITS.max_daily_loss,
    )
    assert (event.account_id, event.plan_id, event.instrument_id) == (ACCOUNT, PLAN.plan_id, PLAN.instrument_id)
    assert (event.run_id, event.at) == ("run-1", WAVE)
    assert event.sentence == "equity fell 5.00% since UTC midnight, the limit is 5.00%"
    assert event.until is None


def test_a_rest_is_kept_with_its_end(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_plan(lab.database, trade_plan("SOLUSDT.BYBIT"))
    resting = replace(LIMITS, cooldowns=replace(LIMITS.cooldowns, after_entry_s=60))
    (denied,) = gate(lab, resting, "run-2").denied
    (event,) = events(lab)
    assert (event.rule, event.until) == ("cooldown_after_entry", WAVE + timedelta(minutes=1))
    assert denied.findings[0].until == event.until


def test_a_warning_of_an_admitted_plan_is_kept_and_told(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    lab.venue.equity = Decimal(9_600)
    result = gate(lab)
    assert [(event.rule, event.action) for event in events(lab)] == [("max_daily_loss", "warn")]
    assert [finding.rule for finding in result.noted] == ["max_daily_loss"]
    assert len(result.admitted) == 1


def test_a_plan_that_is_asked_about_again_adds_no_event(lab: Lab) -> None:
    store_plan(lab.database, PLAN)
    lab.venue.equity = Decimal(9_500)
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    first = gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans)
    lab.venue.equity = Decimal(10_000)
    assert gate_plans(context=lab.context(), gate=lab.gate, plans=claim.plans) == first
    assert len(events(lab)) == 1


@pytest.mark.parametrize("change", ["UPDATE trading.risk_events SET rule = 'none'", "DELETE FROM trading.risk_events"])
def test_what_was_found_is_never_changed(lab: Lab, change: str) -> None:
    store_plan(lab.database, PLAN, checks=False)
    gate(lab)
    with pytest.raises(DBAPIError, match="risk_events is append-only"), lab.database.begin() as connection:
        connection.execute(text(change))


def test_of_two_racing_plans_one_gets_the_place(lab: Lab, database_url: str) -> None:
    plans = [trade_plan("BTCUSDT.BYBIT"), trade_plan("SOLUSDT.BYBIT")]
    for plan in plans:
        store_plan(lab.database, plan)
    claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    context = replace(lab.context(), limits=ONE_PLACE)

    def ask(plan: TradePlan) -> GateResult:
        engine = connect(database_url)
        try:
            return gate_plans(context=context, gate=PostgresEntryGate(engine, ACCOUNT), plans=[plan])
        finally:
            engine.dispose()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(ask, plans))
    assert sorted(len(result.admitted) for result in results) == [0, 1]
    assert [denied.rule for result in results for denied in result.denied] == ["max_open_positions"]
    assert [(event.rule, event.value, event.limit) for event in events(lab)] == [("max_open_positions", 1, 1)]


def held(lab: Lab, timeframe: Timeframe = Timeframe.M15) -> TradePlan:
    """An open long of an earlier wave."""
    plan = trade_plan(timeframe=timeframe)
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return plan


def longer(lab: Lab, timeframe: Timeframe = Timeframe.H4) -> TradePlan:
    plan = trade_plan(close_time=WAVE + timedelta(minutes=5), timeframe=timeframe, strategy="other")
    lab.clock.set(plan.close_time)
    store_plan(lab.database, plan)
    return plan


def test_a_longer_timeframe_takes_the_shorters_place(lab: Lab) -> None:
    old = held(lab)
    new = longer(lab)
    result = gate(lab, REPLACING, "run-2")
    closed, opened = lab.ledger.position_of(old.plan_id), lab.ledger.position_of(new.plan_id)
    assert closed is not None
    assert opened is not None
    assert (closed.status, closed.exit_reason) == (PositionStatus.CLOSED, ExitReason.MUTEX_UPGRADE)
    assert opened.status is PositionStatus.OPENING
    assert [intent.plan_id for intent in result.admitted] == [new.plan_id]
    left = [one.intent.purpose for one in lab.ledger.intents_of(old.plan_id) if not one.state.final]
    assert left == []


@pytest.mark.parametrize("limits", [LIMITS, replace(REPLACING, portfolio=PortfolioLimits())])
def test_without_the_switch_the_position_stays(lab: Lab, limits: RiskLimits) -> None:
    old = held(lab)
    new = longer(lab)
    assert [denied.rule for denied in gate(lab, limits, "run-2").denied] == ["symbol_busy"]
    position = lab.ledger.position_of(old.plan_id)
    assert position is not None
    assert position.status is PositionStatus.OPEN
    assert lab.plan_status(new)[0] is PlanStatus.DENIED


def test_a_place_that_cannot_be_made_denies_the_plan(lab: Lab) -> None:
    held(lab)
    new = longer(lab)
    lab.venue.faults["positions"] = [TemporaryVenueError("no answer")] * 9
    result = gate(lab, REPLACING, "run-2")
    assert [denied.rule for denied in result.denied] == [UPGRADE_FAILED]
    assert lab.plan_status(new)[0] is PlanStatus.DENIED
    assert [event.rule for event in events(lab)] == [UPGRADE_FAILED]


def test_a_run_dead_while_making_room_is_continued(lab: Lab) -> None:
    old = held(lab)
    longer(lab)
    lab.venue.faults["wallet"] = [None, TradingForbiddenByVenue("an end in the middle")]
    claim = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-2")
    context = replace(lab.context("run-2"), limits=REPLACING)
    with pytest.raises(TradingForbiddenByVenue):
        gate_plans(context=context, gate=lab.gate, plans=claim.plans)
    assert len(gate_plans(context=context, gate=lab.gate, plans=claim.plans).admitted) == 1
    exits = [one for one in lab.ledger.intents_of(old.plan_id) if one.intent.purpose is Purpose.UPGRADE_EXIT]
    assert len(exits) == 1
