"""What one nameless account did before accounts had names is that account's once it has told its name."""

from decimal import Decimal

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.reconcile_account import reconcile_account
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BEFORE = "0011"
OWNED = ("order_intents", "fills", "positions", "equity_snapshots")


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An open position with its orders, fills and readings, that went down and up."""
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    command.downgrade(_alembic(database), BEFORE)
    command.upgrade(_alembic(database), "head")
    return lab


def owners(lab: Lab) -> set[str]:
    with lab.database.connect() as connection:
        return {
            str(owner)
            for table in OWNED
            for owner in connection.execute(text(f"SELECT account_id FROM trading.{table}")).scalars()
        }


def test_rows_get_their_account_with_its_first_key(lab: Lab) -> None:
    assert owners(lab) == {"unregistered"}
    lab.register()
    assert owners(lab) == {ACCOUNT}


def test_a_second_account_gets_nothing_of_the_first(lab: Lab) -> None:
    lab.register()
    lab.accounts.register(AccountId("BYBIT:1002:simulated"), "another key")
    assert owners(lab) == {ACCOUNT}


def test_the_position_goes_on_under_its_orders_and_differs_in_nothing(lab: Lab) -> None:
    lab.register()
    posts = list(lab.venue.posts)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    follow_fills(context=lab.context("run-2"))
    (position,) = lab.ledger.live_positions()
    assert (position.stop_price, position.settlement_currency) == (Decimal(1000), "USDT")
    assert reconcile_account(context=lab.context("run-3")).differences == ()
    assert lab.venue.posts == posts


def test_the_equity_that_the_days_loss_is_measured_from_is_found(lab: Lab) -> None:
    lab.register()
    first = lab.equity.first_since(day_of(WAVE))
    assert first is not None
    assert first.balances["USDT"].equity == Decimal(10_000)


def test_downgrading_widens_halts_of_an_account(database: Engine) -> None:
    lab = Lab(database)
    for scope in ("all", "ADAUSDT.BYBIT", f"{ACCOUNT}/ADAUSDT.BYBIT", f"{ACCOUNT}/SOLUSDT.BYBIT"):
        lab.halts.halt(Halt(HaltScope(scope), "look first", WAVE))
    command.downgrade(_alembic(database), BEFORE)
    command.upgrade(_alembic(database), "head")
    assert {halt.scope for halt in lab.halts.halts()} == {"all", "ADAUSDT.BYBIT", "SOLUSDT.BYBIT"}


def test_two_accounts_do_not_fit_into_the_version_before(database: Engine) -> None:
    lab = Lab(database)
    lab.accounts.register(AccountId("BYBIT:1002:simulated"), "another key")
    with pytest.raises(DBAPIError, match="holds several accounts"):
        command.downgrade(_alembic(database), BEFORE)


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
