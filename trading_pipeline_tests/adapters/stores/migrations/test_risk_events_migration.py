"""Halts that stood before a scope could have several."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE


def test_persons_halts_survive_and_timed_ones_do_not(database: Engine) -> None:
    halts = PostgresHaltRegister(database)
    theirs = Halt(HaltScope(ACCOUNT), "the venue forbids trading", WAVE)
    for halt in (theirs, Halt(HaltScope(ACCOUNT), "2.1 % down", WAVE, kind=HaltKind.CIRCUIT_SOFT, until=WAVE)):
        halts.halt(halt)
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    command.downgrade(config, "0015")
    with database.connect() as connection:
        gone = connection.execute(text("SELECT to_regclass('trading.risk_events')")).scalar()
    command.upgrade(config, "head")
    assert gone is None
    assert halts.halts() == [theirs]
