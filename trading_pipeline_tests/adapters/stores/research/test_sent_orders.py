"""What was sent and what was refused, as the ledger has it at the end."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.research.sent_orders import refused_plans, sent_orders
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose, Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

WINDOW = (WAVE - timedelta(minutes=1), WAVE)


@pytest.fixture
def lab(database: Engine) -> Lab:
    """A long of 5 at 1000 with targets at 1010 and 1020, and a second plan that the first one's position keeps out."""
    made = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=made.context(), gate=made.gate, equity=made.equity)
    store_plan(database, trade_plan(strategy="rsi"), checks=False)
    execute_plans(context=made.context("run-2"), gate=made.gate, equity=made.equity)
    return made


def test_orders_stand_in_the_order_in_which_they_were_sent(lab: Lab) -> None:
    orders = sent_orders(lab.database, *WINDOW)
    assert [(one.purpose, one.side, one.order_type, one.quantity, one.price, one.state) for one in orders] == [
        (Purpose.ENTRY, Side.BUY, OrderType.MARKET, Decimal(5), None, IntentState.FILLED),
        (Purpose.TAKE_PROFIT_1, Side.SELL, OrderType.LIMIT, Decimal(2), Decimal(1010), IntentState.ACKNOWLEDGED),
        (Purpose.TAKE_PROFIT_2, Side.SELL, OrderType.LIMIT, Decimal(2), Decimal(1020), IntentState.ACKNOWLEDGED),
    ]
    assert {one.run_id for one in orders} == {"run-1"}
    assert orders[0].average_price == Decimal(1000)


def test_how_long_the_venue_took_to_answer_is_told(lab: Lab) -> None:
    with lab.database.begin() as connection:
        connection.execute(text("UPDATE trading.order_intents SET sent_at = now(), acknowledged_at = NULL"))
        connection.execute(
            text("UPDATE trading.order_intents SET acknowledged_at = sent_at + interval '40 ms' WHERE purpose = 'E'")
        )
    answers = {one.purpose: one.answer_s for one in sent_orders(lab.database, *WINDOW)}
    assert answers == {Purpose.ENTRY: 0.04, Purpose.TAKE_PROFIT_1: None, Purpose.TAKE_PROFIT_2: None}


def test_an_order_that_was_only_meant_is_no_order(lab: Lab) -> None:
    with lab.database.begin() as connection:
        # The database would not let an order go back; this one is to look as if it had never left.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE trading.order_intents SET state = 'intended' WHERE purpose = 'TP2'"))
    assert [one.purpose for one in sent_orders(lab.database, *WINDOW)] == [Purpose.ENTRY, Purpose.TAKE_PROFIT_1]


def test_a_denied_plan_tells_its_rule_and_reason(lab: Lab) -> None:
    (refused,) = refused_plans(lab.database, *WINDOW)
    assert (refused.strategy, refused.close_time, refused.status) == ("rsi", WAVE, PlanStatus.DENIED)
    assert refused.reason.startswith("symbol_busy: ")


def test_plans_of_other_times_are_left_out(lab: Lab) -> None:
    earlier = (WAVE - timedelta(hours=1), WINDOW[0])
    assert sent_orders(lab.database, *earlier) == ()
    assert refused_plans(lab.database, *earlier) == ()
