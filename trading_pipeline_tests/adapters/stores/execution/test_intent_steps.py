"""The database knows the life of an intent as the domain does, and lets nobody leave it."""

from itertools import product

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.portfolio.order_progress import later_state, may_step
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.gate_plans import gate_plans
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan

S = IntentState
PLAN = trade_plan()
HEARD = (S.ACKNOWLEDGED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED)
"""What a venue may report."""


@pytest.fixture
def lab(database: Engine) -> Lab:
    """One admitted entry."""
    lab = Lab(database)
    store_plan(database, PLAN)
    lab.equity.record(lab.venue.wallet())
    claimed = claim_plans(plans=lab.ledger, clock=lab.clock, run_id="run-1")
    gate_plans(context=lab.context(), gate=lab.gate, plans=claimed.plans)
    return lab


def put(connection: Connection, state: IntentState) -> None:
    """Set a state without its history."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("UPDATE trading.order_intents SET state = :state"), {"state": state.value})
    connection.execute(text("SET LOCAL session_replication_role = origin"))


def accepts(connection: Connection, now: IntentState, to: IntentState) -> bool:
    put(connection, now)
    try:
        with connection.begin_nested():
            connection.execute(text("UPDATE trading.order_intents SET state = :state"), {"state": to.value})
    except IntegrityError:
        return False
    return True


def known(now: IntentState, to: IntentState) -> bool:
    """Whether our own acts or the venue's word lead from one to the other."""
    return now is to or may_step(now, to) or (to in HEARD and later_state(now, to) is to)


def test_the_database_takes_the_domains_steps_alone(lab: Lab) -> None:
    with lab.database.begin() as connection:
        taken = {(now, to) for now, to in product(S, S) if accepts(connection, now, to)}
    assert taken == {(now, to) for now, to in product(S, S) if known(now, to)}


def test_a_refused_step_names_the_order_and_both_states(lab: Lab) -> None:
    with lab.database.begin() as connection:
        put(connection, S.FILLED)
    with (
        pytest.raises(IntegrityError, match=f"order {PLAN.plan_id}_E is filled and cannot become sent"),
        lab.database.begin() as connection,
    ):
        connection.execute(text("UPDATE trading.order_intents SET state = 'sent'"))


def test_a_filled_quantity_never_shrinks(lab: Lab) -> None:
    with lab.database.begin() as connection:
        connection.execute(text("UPDATE trading.order_intents SET filled_quantity = 2"))
        connection.execute(text("UPDATE trading.order_intents SET filled_quantity = 2"))
    with (
        pytest.raises(IntegrityError, match="has filled 2 and cannot have filled 1"),
        lab.database.begin() as connection,
    ):
        connection.execute(text("UPDATE trading.order_intents SET filled_quantity = 1"))
