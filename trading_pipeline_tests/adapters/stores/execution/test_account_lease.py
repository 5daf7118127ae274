"""One running system at a time writes about an account, whatever the others believe."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.account_lease import AccountLease, release
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.domain.model.errors import AccountTradedElsewhere
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
SENT = f"{PLAN.plan_id}_E"


@pytest.fixture
def first(database: Engine) -> AccountLease:
    Lab(database)  # names the account
    store_plan(database, PLAN)
    return AccountLease(database, ACCOUNT, "first")


def intent(link_id: str = SENT) -> OrderIntent:
    return OrderIntent(
        link_id, ACCOUNT, PLAN.plan_id, Purpose.EXIT, PLAN.instrument_id, Side.BUY, OrderType.MARKET,
        PLAN.entry_price, None, None, reduce_only=True, valid_until=WAVE, run_id="run-1",
    )  # fmt: skip


def fall_silent(database: Engine, seconds: int) -> None:
    with database.begin() as connection:
        statement = "UPDATE trading.account_leases SET renewed_at = renewed_at - make_interval(secs => :age)"
        connection.execute(text(statement), {"age": seconds})


def ledger_of(lease: AccountLease) -> PostgresLedger:
    return PostgresLedger(lease.fenced, ACCOUNT)


def lab_of(lease: AccountLease) -> Lab:
    """An account that is traded under the lease."""
    lab = Lab(lease.fenced)
    lab.ledger, lab.gate = ledger_of(lease), PostgresEntryGate(lease.fenced, ACCOUNT)
    return lab


def renewed_at(database: Engine) -> datetime:
    with database.connect() as connection:
        found: datetime = connection.execute(text("SELECT renewed_at FROM trading.account_leases")).scalar_one()
    return found


def test_a_second_instance_is_refused_by_name(database: Engine, first: AccountLease) -> None:
    with pytest.raises(AccountTradedElsewhere, match=r"is traded by instance 'first', .* and this is 'second'"):
        AccountLease(database, ACCOUNT, "second")
    assert first.token == 1


def test_processes_of_one_instance_share_the_account(database: Engine, first: AccountLease) -> None:
    fall_silent(database, 3600)
    before = renewed_at(database)
    assert AccountLease(database, ACCOUNT, "first").token == first.token
    assert renewed_at(database) > before


def test_another_account_is_another_matter(database: Engine, first: AccountLease) -> None:
    assert AccountLease(database, AccountId("BYBIT:1002:simulated"), "second").token == first.token


@pytest.mark.parametrize(("silent_s", "taken"), [(29, False), (31, True)])
def test_an_account_is_taken_over_from_who_is_silent(
    database: Engine, first: AccountLease, silent_s: int, *, taken: bool
) -> None:
    fall_silent(database, silent_s)
    if not taken:
        with pytest.raises(AccountTradedElsewhere):
            AccountLease(database, ACCOUNT, "second")
        return
    assert AccountLease(database, ACCOUNT, "second").token == first.token + 1


def test_whoever_ends_in_order_lets_the_next_one_begin_at_once(database: Engine, first: AccountLease) -> None:
    release(database, "somebody else")
    with pytest.raises(AccountTradedElsewhere):
        AccountLease(database, ACCOUNT, "second")
    release(database, "first")
    assert AccountLease(database, ACCOUNT, "second").token == first.token + 1


def test_what_an_old_holder_writes_is_refused_by_the_database(database: Engine, first: AccountLease) -> None:
    old = ledger_of(first)
    old.write_intent(intent())
    fall_silent(database, 31)
    new = ledger_of(AccountLease(database, ACCOUNT, "second"))
    with pytest.raises(AccountTradedElsewhere, match="is held by instance second with token 2, this session has 1"):
        old.advance(SENT, IntentState.SENT)
    with pytest.raises(AccountTradedElsewhere, match="is held by instance second"):
        old.write_intent(intent("another"))
    assert new.advance(SENT, IntentState.SENT)
    with pytest.raises(AccountTradedElsewhere):
        first.hold()


def test_nobody_writes_about_a_leased_account_without_showing_a_token(database: Engine, first: AccountLease) -> None:
    ledger_of(first).write_intent(intent())
    with pytest.raises(AccountTradedElsewhere, match="this session has none"):
        PostgresLedger(database, ACCOUNT).advance(SENT, IntentState.SENT)


def test_an_old_holder_admits_nothing_and_sends_nothing(database: Engine, first: AccountLease) -> None:
    lab = lab_of(first)
    fall_silent(database, 31)
    AccountLease(database, ACCOUNT, "second")
    with pytest.raises(AccountTradedElsewhere, match="is held by instance second"):
        execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert lab.venue.posts == []


def test_a_whole_trade_passes_the_fence_of_its_holder(database: Engine, first: AccountLease) -> None:
    lab = lab_of(first)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert [held.stop_loss for held in lab.venue.positions()] == [PLAN.stop_price]
