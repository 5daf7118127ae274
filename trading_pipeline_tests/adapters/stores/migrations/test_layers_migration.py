"""Orders stored before they knew their position."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

_ORDERS = text("SELECT position_id = plan_id AS own, layer, count(*) FROM trading.order_intents GROUP BY 1, 2")


def test_every_stored_order_belongs_to_the_position_of_its_plan(database: Engine) -> None:
    lab = Lab(database)
    for instrument_id in ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT"):
        store_plan(database, trade_plan(instrument_id))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    told = [(True, 1, 6)]  # an entry and two targets each
    assert _read(database) == told
    command.downgrade(_alembic(database), "0008")
    command.upgrade(_alembic(database), "0009")
    assert _read(database) == told


def _read(database: Engine) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(_ORDERS)]


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
