"""Halts that stood before they could flatten."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline_tests.testkit.execution_lab import WAVE


def test_a_halt_survives_down_and_up_and_closes_nothing(database: Engine) -> None:
    halts = PostgresHaltRegister(database)
    halts.halt(Halt(HaltScope("BTCUSDT.BYBIT"), "reconciliation: quantity: 5 against 6", WAVE))
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    command.downgrade(config, "0010")
    with database.connect() as connection:
        gone = connection.execute(text("SELECT to_regclass('trading.operator_commands')")).scalar()
    command.upgrade(config, "head")
    assert gone is None
    assert halts.halts() == [
        Halt(HaltScope("BTCUSDT.BYBIT"), "reconciliation: quantity: 5 against 6", WAVE, flatten=False)
    ]
