"""Each invariant sees what it is there to see."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline_tests.fault_matrix import invariants
from trading_pipeline_tests.fault_matrix.account import HELD, SimulatedAccount, simulated_account
from trading_pipeline_tests.fault_matrix.story import WALK, plan_of
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.execution_jobs import history
from trading_pipeline_tests.testkit.execution_lab import store_plan

Invariant = Callable[[SimulatedAccount], list[str]]
ALL: tuple[Invariant, ...] = (
    invariants.sent_twice,
    invariants.naked,
    invariants.turning_around,
    invariants.in_flight,
    invariants.unsent,
    invariants.otherwise_at_venue,
    invariants.untraced,
    invariants.off_the_record,
)


@pytest.fixture
def held(module_database: Engine) -> Iterator[SimulatedAccount]:
    """An account with a protected position."""
    with simulated_account(module_database, WALK) as account:
        store_plan(module_database, plan_of(HELD))
        execution_jobs.execute(account, str(uuid4()))
        yield account


def order_by_somebody(account: SimulatedAccount, link_id: str) -> None:
    terms = {"category": "linear", "symbol": HELD, "side": "Sell", "qty": "1", "orderType": "Limit", "price": "130"}
    create(account.exchange, {**terms, "orderLinkId": link_id})


def forget_run(account: SimulatedAccount) -> None:
    """Dagster has the run on record no more, and nobody recalls that it had."""
    history().delete_run(run_of(account))
    account.ended.clear()


def run_of(account: SimulatedAccount) -> str:
    ((run_id,),) = invariants.rows(account, "SELECT run_id FROM trading.order_intents WHERE purpose = 'E'")
    return str(run_id)


def sql(statement: str) -> Callable[[SimulatedAccount], None]:
    def change(account: SimulatedAccount) -> None:
        with account.database.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the triggers
            connection.execute(text(statement))

    return change


BROKEN: dict[str, tuple[Invariant, Callable[[SimulatedAccount], None], str]] = {
    "an order of nobody": (
        invariants.sent_twice,
        lambda account: order_by_somebody(account, "somebody_E"),
        "somebody_E is known to no intent",
    ),
    "more filled than was decided": (
        invariants.sent_twice,
        sql("UPDATE trading.order_intents SET quantity = 1 WHERE purpose = 'E'"),
        "_E filled 5 of 1",
    ),
    "no stop": (invariants.naked, lambda account: account.arm(kind="cancel_stop", symbol=HELD), "5 without a stop"),
    "an exit that could open": (
        invariants.turning_around,
        lambda account: order_by_somebody(account, "somebody_TP1"),
        "somebody_TP1 could open a position",
    ),
    "an order in flight": (
        invariants.in_flight,
        sql("UPDATE trading.order_intents SET state = 'unknown' WHERE purpose = 'TP1'"),
        "_TP1 is unknown",
    ),
    "an order that nobody sends": (
        invariants.unsent,
        sql("UPDATE trading.order_intents SET state = 'intended' WHERE purpose = 'TP1'"),
        "_TP1 is not sent",
    ),
    "a plan half done": (invariants.in_flight, sql("UPDATE trading.trade_plans SET status = 'claimed'"), "is claimed"),
    "another size": (
        invariants.otherwise_at_venue,
        lambda account: account.arm(kind="trade_by_hand", symbol=HELD, side="Sell", qty="1"),
        "positions: venue",
    ),
    "another stop": (
        invariants.otherwise_at_venue,
        sql("UPDATE trading.positions SET stop_price = 91"),
        "positions: venue",
    ),
    "an order that rests no more": (
        invariants.otherwise_at_venue,
        sql("UPDATE trading.order_intents SET state = 'cancelled' WHERE purpose = 'TP2'"),
        "resting: venue",
    ),
    "a fill that is missing": (
        invariants.otherwise_at_venue,
        sql("DELETE FROM trading.fills"),
        "executions: 1 at the venue, 0 in the ledger",
    ),
    "a cent": (
        invariants.otherwise_at_venue,
        sql("UPDATE trading.positions SET fees = fees + 0.01"),
        "money: the wallet gained",
    ),
    "a row of no run": (
        invariants.untraced,
        sql("UPDATE trading.order_intents SET run_id = '' WHERE purpose = 'E'"),
        "names no run",
    ),
    "a step that left no trace": (
        invariants.untraced,
        sql("DELETE FROM trading.execution_traces WHERE subject = 'order' AND step = 'filled'"),
        "_E is filled, traced as acknowledged",
    ),
    "a fill that left no trace": (
        invariants.untraced,
        sql("DELETE FROM trading.execution_traces WHERE subject = 'fill'"),
        "1 fills, 0 of them traced",
    ),
    "a plan's end that left no trace": (
        invariants.untraced,
        sql("DELETE FROM trading.execution_traces WHERE subject = 'plan' AND step = 'executed'"),
        "is executed, traced as claimed",
    ),
    "a position that left no trace": (
        invariants.untraced,
        sql("DELETE FROM trading.execution_traces WHERE subject = 'position' AND step = 'open'"),
        "is open, traced as opening",
    ),
    "a step of no run": (
        invariants.off_the_record,
        sql("UPDATE trading.execution_traces SET run_id = '' WHERE subject = 'position' AND step = 'open'"),
        "is open by '', on no record",
    ),
    "a run that nobody remembers": (
        invariants.off_the_record,
        forget_run,
        "on no record",
    ),
    "an order without any trace": (
        invariants.untraced,
        sql("DELETE FROM trading.execution_traces WHERE order_link_id LIKE '%TP1'"),
        "_TP1 is acknowledged, traced as None",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_seen(held: SimulatedAccount, name: str) -> None:
    sees, break_it, words = BROKEN[name]
    assert [found for ask in ALL for found in ask(held)] == []
    break_it(held)
    assert any(words in found for found in sees(held)), sees(held)
