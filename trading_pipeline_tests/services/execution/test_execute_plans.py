"""One run from claimed plans to protected positions."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.orders import IntentState, Purpose, order_link_id
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with nothing in it."""
    return Lab(database)


@pytest.mark.parametrize(("bias", "prices"), [(Bias.LONG, [1010, 1020]), (Bias.SHORT, [990, 980])])
def test_a_plan_becomes_a_filled_position_with_stop_and_targets(lab: Lab, bias: Bias, prices: list[int]) -> None:
    plan = trade_plan(bias=bias)
    store_plan(lab.database, plan)

    summary = execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)

    position = lab.ledger.position_of(plan.plan_id)
    assert position is not None
    assert (position.status, position.quantity) == (PositionStatus.OPEN, Decimal(5))
    assert lab.venue.positions()[0].stop_loss == plan.stop_price
    targets = [record.intent for record in lab.ledger.intents_of(plan.plan_id)][1:]
    assert [(t.price, t.quantity, t.reduce_only) for t in targets] == [(p, Decimal(2), True) for p in prices]
    assert summary.outcomes == {plan.plan_id: PlanStatus.EXECUTED}


def test_a_second_run_finds_nothing_to_do(lab: Lab) -> None:
    store_plan(lab.database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    posts = list(lab.venue.posts)
    summary = execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    assert summary.claim.plans == ()
    assert lab.venue.posts == posts


def test_leverage_is_set_before_the_first_order(lab: Lab) -> None:
    store_plan(lab.database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.venue.leverage == {"BTCUSDT.BYBIT": Decimal(5)}


@pytest.mark.parametrize("status", [PlanStatus.HISTORICAL, PlanStatus.DENIED, PlanStatus.EXECUTED])
def test_a_plan_that_is_not_new_never_reaches_the_venue(lab: Lab, status: PlanStatus) -> None:
    store_plan(lab.database, trade_plan(), status)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.venue.posts == []


def test_a_plan_found_after_an_outage_expires_without_an_order(lab: Lab) -> None:
    plan = trade_plan()
    store_plan(lab.database, plan)
    lab.clock.set(WAVE + timedelta(hours=3))
    summary = execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert summary.claim.expired == (plan.plan_id,)
    assert lab.plan_status(plan)[0] is PlanStatus.EXPIRED
    assert lab.venue.posts == []


def test_of_two_plans_for_one_symbol_only_one_is_entered(lab: Lab) -> None:
    first, second = trade_plan(), trade_plan(bias=Bias.SHORT)
    store_plan(lab.database, first)
    store_plan(lab.database, second, checks=False)
    summary = execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert [denied.rule for denied in summary.gate.denied] == ["opposite_position"]
    assert len([link for link in lab.venue.accepted if link.endswith("_E")]) == 1


def test_targets_and_exits_are_the_plans_own_orders(lab: Lab) -> None:
    plan = trade_plan()
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    states = {record.intent.order_link_id: record.state for record in lab.ledger.intents_of(plan.plan_id)}
    assert states == {
        order_link_id(plan.plan_id, Purpose.ENTRY): IntentState.FILLED,
        order_link_id(plan.plan_id, Purpose.TAKE_PROFIT_1): IntentState.ACKNOWLEDGED,
        order_link_id(plan.plan_id, Purpose.TAKE_PROFIT_2): IntentState.ACKNOWLEDGED,
    }
