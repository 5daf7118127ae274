"""Positions stored before stops followed fills: what set their stop, and which fills are still to be answered."""

from decimal import Decimal

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

_TOLD = text(
    "SELECT stop_price, stop_kind, booked_fills, followed_fills FROM trading.positions"
    " ORDER BY booked_fills, stop_price"
)


def test_live_positions_are_followed_once_after_the_upgrade(database: Engine) -> None:
    lab = Lab(database)
    for instrument_id in ("ADAUSDT.BYBIT", "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"):
        store_plan(database, trade_plan(instrument_id))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    for instrument_id, prices in (
        ("ADAUSDT.BYBIT", (990,)),
        ("BTCUSDT.BYBIT", (1010,)),
        ("SOLUSDT.BYBIT", (1010, 1000)),
    ):
        for price in prices:
            lab.venue.move(instrument_id, Decimal(price))
            follow_fills(context=lab.context("run-2"))
    told = [(990, "stop_loss", 2, 2), (1000, "break_even", 2, 2), (1000, "break_even", 3, 3)]
    assert _read(database) == told
    command.downgrade(_alembic(database), "0005")
    command.upgrade(_alembic(database), "0006")
    assert _read(database) == [told[0], (1000, "break_even", 2, 0), told[2]]
    command.upgrade(_alembic(database), "head")
    lab.register()
    follow_fills(context=lab.context("run-3"))
    assert _read(database) == told


def _read(database: Engine) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(_TOLD)]


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
