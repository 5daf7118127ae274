"""What was stored before identities had venues is found under its identity, and a position goes on under its orders."""

from decimal import Decimal

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.strategy.plan_store import PostgresPlanStore
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, exit_signal, store_plan, store_signal, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

TRADED = trade_plan("BTCUSDT.BYBIT")
HISTORICAL = trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
LEFT = exit_signal(TRADED, WAVE + Timeframe.M15.duration)
BEFORE = "0009"


def stored(database: Engine) -> Lab:
    """An open position with resting targets, a historical plan and an exit."""
    lab = Lab(database)
    store_plan(database, TRADED)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    store_plan(database, HISTORICAL, PlanStatus.HISTORICAL)
    store_signal(database, LEFT)
    return lab


def read(database: Engine, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(text(query)))


def test_signals_have_the_ids_that_their_decisions_had_and_have(database: Engine) -> None:
    stored(database)
    command.downgrade(_alembic(database), BEFORE)
    bare = [("BTCUSDT",), ("BTCUSDT",), ("SOLUSDT",)]
    assert read(database, "SELECT symbol FROM trading.signals") == bare
    assert read(database, "SELECT signal_id FROM trading.signals WHERE kind = 'entry'") == sorted(
        (decision_key(plan.strategy, InstrumentId(plan.instrument_id.split(".")[0]), plan.timeframe, WAVE, plan.bias),)
        for plan in (TRADED, HISTORICAL)
    )
    command.upgrade(_alembic(database), "head")
    ids = sorted((one,) for one in (TRADED.signal_id, HISTORICAL.signal_id, LEFT.signal_id))
    assert read(database, "SELECT signal_id FROM trading.signals") == ids


def test_a_plan_with_orders_keeps_its_id(database: Engine) -> None:
    lab = stored(database)
    command.downgrade(_alembic(database), BEFORE)
    with database.begin() as connection:
        # as the project of then would have named it
        connection.execute(text("ALTER TABLE trading.order_intents DROP CONSTRAINT order_intents_plan_id_fkey"))
        connection.execute(text("ALTER TABLE trading.positions DROP CONSTRAINT positions_plan_id_fkey"))
        for table in ("trade_plans", "order_intents", "positions"):
            connection.execute(
                text(f"UPDATE trading.{table} SET plan_id = 'older_' || plan_id WHERE plan_id = :plan"),
                {"plan": TRADED.plan_id},
            )
    command.upgrade(_alembic(database), "head")
    plans = read(database, "SELECT plan_id, instrument_id FROM trading.trade_plans")
    assert plans == [(HISTORICAL.plan_id, "SOLUSDT.BYBIT"), (f"older_{TRADED.plan_id}", "BTCUSDT.BYBIT")]
    orders = lab.ledger.intents_of(f"older_{TRADED.plan_id}")
    assert {(one.intent.purpose, one.state) for one in orders} >= {(Purpose.TAKE_PROFIT_1, IntentState.ACKNOWLEDGED)}
    rerun = PostgresPlanStore(database).save([TRADED], TRADED.timeframe, None, "run-2")
    assert rerun.changed == 0


def test_an_open_position_is_followed_after_the_way_down_and_up(database: Engine) -> None:
    lab = stored(database)
    before = read(database, "SELECT * FROM trading.order_intents")
    command.downgrade(_alembic(database), BEFORE)
    command.upgrade(_alembic(database), "head")
    lab.register()
    assert len(read(database, "SELECT order_link_id FROM trading.order_intents")) == len(before)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    follow_fills(context=lab.context("run-2"))
    (position,) = lab.ledger.live_positions()
    assert position.stop_price == Decimal(1000)
    assert len(lab.venue.posts) == len(before)


def test_a_halt_of_a_symbol_stands_for_its_instrument(database: Engine) -> None:
    command.downgrade(_alembic(database), BEFORE)
    with database.begin() as connection:
        connection.execute(text("INSERT INTO trading.halts VALUES ('all', 'x', now()), ('BTCUSDT', 'y', now())"))
    command.upgrade(_alembic(database), "head")
    assert read(database, "SELECT scope FROM trading.halts") == [("BTCUSDT.BYBIT",), ("all",)]


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
