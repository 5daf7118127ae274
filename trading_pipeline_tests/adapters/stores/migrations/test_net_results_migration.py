"""What was stored before results were told net reads net afterwards, and comes back on the way down."""

from decimal import Decimal

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline_tests.dbt_project.ledger_rows import write_trades

_RUN = """
INSERT INTO trading.backtest_runs
    (run_id, strategy, strategy_version, symbols, timeframe, code_version, params, metrics, equity_close_ms, equity)
VALUES ('run', 's', 'v', '{X}', '1h', 'c', '{}', '{}', '{}', '{}')
"""
_TRADE = """
INSERT INTO trading.backtest_trades
    (trade_id, run_id, position, symbol, side, entry_time, entry_price, exit_time, exit_price, exit_reason, legs,
     entries, stop_price, quantity, pnl_usdt, fees_usdt, funding_usdt, pnl_r)
VALUES (:name, 'run', ascii(:name), 'X', 'long', now(), 100, now(), 100, 'stop_loss', '[]', '[]',
        :stop, :quantity, :pnl, :fees, :funding, :pnl_r)
"""
# 50 gross of 100 at risk; nothing gross, with 2 x 5 at risk; a trade without a stop
_TRADES = (
    {"name": "a", "stop": 90, "quantity": 10, "pnl": 40, "fees": 8, "funding": 2, "pnl_r": Decimal("0.5")},
    {"name": "b", "stop": 95, "quantity": 2, "pnl": -8, "fees": 8, "funding": 0, "pnl_r": 0},
    {"name": "c", "stop": None, "quantity": 2, "pnl": -8, "fees": 8, "funding": 0, "pnl_r": None},
)


def test_stored_results_become_net_beside_gross(database: Engine) -> None:
    command.downgrade(_alembic(database), "0003")
    with database.begin() as connection:
        connection.execute(text(_RUN))
        connection.execute(text(_TRADE), _TRADES)
    command.upgrade(_alembic(database), "0004")
    assert _read(database, "trade_id, pnl_r, gross_pnl_r") == [
        ("a", Decimal("0.4"), Decimal("0.5")),
        ("b", Decimal("-0.8"), 0),
        ("c", None, None),
    ]
    command.downgrade(_alembic(database), "0003")
    assert _read(database, "trade_id, pnl_r") == [("a", Decimal("0.5")), ("b", 0), ("c", None)]


def test_funding_is_taken_out_of_the_fees_of_stored_positions(database: Engine) -> None:
    write_trades(database)
    told = _read(database, "bias, fees, funding", "positions WHERE status = 'closed'")
    assert told == [("long", Decimal("2.2"), Decimal("0.3")), ("short", Decimal("0.2"), 0)]
    command.downgrade(_alembic(database), "0003")
    mixed = _read(database, "bias, fees", "positions WHERE status = 'closed'")
    assert mixed == [("long", Decimal("2.5")), ("short", Decimal("0.2"))]
    command.upgrade(_alembic(database), "0004")
    assert _read(database, "bias, fees, funding", "positions WHERE status = 'closed'") == told


def _read(database: Engine, columns: str, rows: str = "backtest_trades") -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM trading.{rows} ORDER BY 1"))]


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
