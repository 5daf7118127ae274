"""Entries stored before they took several orders, and what becomes of those that did on the way back."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

_ENTRIES = text("SELECT attempt, continues, count(*) FROM trading.order_intents WHERE purpose = 'E' GROUP BY 1, 2")
_SECOND_ORDER = text("""
    INSERT INTO trading.order_intents (order_link_id, account_id, plan_id, purpose, instrument_id, side, order_type,
        quantity, reduce_only, valid_until, run_id, state, position_id, layer, attempt)
    SELECT order_link_id || '-pf', account_id, plan_id, purpose, instrument_id, side, order_type, quantity,
        reduce_only, valid_until, run_id, state, position_id, layer, 1
    FROM trading.order_intents WHERE purpose = 'E'
""")


def test_stored_entries_are_one_order_and_seconds_survive(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    with database.begin() as connection:
        connection.execute(_SECOND_ORDER)
    command.downgrade(_alembic(database), "0028-1")
    command.upgrade(_alembic(database), "0028")
    with database.connect() as connection:
        assert [tuple(row) for row in connection.execute(_ENTRIES)] == [(0, False, 2)]


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
