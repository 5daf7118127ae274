"""Setups, triggers and pivots live and die with their signals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
from sqlalchemy import Engine, insert, text

from trading_pipeline.adapters.stores.postgres.tables import trade_plans
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Signal, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.divergence.stored_setup import stored_setup

DAY = datetime(2026, 1, 15, tzinfo=UTC)
CLOSES = [DAY + timedelta(hours=hour) for hour in range(1, 20)]
DETAILS: dict[str, object] = {
    "setup": "MACD_3SEG_DIVERGENCE",
    "pivots": [{"index": at, "price": 100.0 - at, "histogram": -3.0 + at / 10} for at in (2, 5, 8)],
    "confirmations": ["RSI_DIV", "OBV_DIV"],
    "min_confirmations": 2,
    "divergence_score": 33.5,
}
SIGNAL = Signal(
    decision_key("divergence", "BTCUSDT.BYBIT", Timeframe.H1, CLOSES[10], Bias.LONG),
    *("divergence", "v1", InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, CLOSES[10], Bias.LONG),
    *(Decimal(95), Decimal(92), Decimal(54), DETAILS),
)


def _replace(database: Engine, signals: list[Signal]) -> int:
    parts = [stored_setup(signal, pd.DatetimeIndex(CLOSES)) for signal in signals]
    store = PostgresSignalStore(database)
    return store.replace(signals, ["BTCUSDT.BYBIT"], Timeframe.H1, DAY, DAY + timedelta(days=1), parts)


def _rows(database: Engine, query: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_parts_are_stored_under_the_decisions_ids(database: Engine) -> None:
    assert _replace(database, [SIGNAL]) == 6
    (setup,) = _rows(database, "SELECT setup_id, idempotency_key, setup_type, signal_id FROM trading.setups")
    assert str(setup[0]) == f"setup_{str(setup[1])[:20]}"
    assert setup[2:] == ("MACD_3SEG_DIVERGENCE", SIGNAL.signal_id)
    assert _rows(database, "SELECT trigger_id, hits, min_confirmations FROM trading.triggers") == [
        (f"trg_{str(setup[1])[-20:]}", ["RSI_DIV", "OBV_DIV"], 2)
    ]
    assert _rows(
        database, "SELECT pivot_id, segment_no, pivot_time, pivot_price, pivot_type FROM trading.pivots ORDER BY 1"
    ) == [
        (f"{setup[0]}:{number}", number, CLOSES[at], Decimal(100 - at), "LOW")
        for number, at in ((1, 2), (2, 5), (3, 8))
    ]


def test_storing_them_again_changes_nothing(database: Engine) -> None:
    _replace(database, [SIGNAL])
    assert _replace(database, [SIGNAL]) == 0


def test_they_go_with_a_signal_that_is_no_longer_found(database: Engine) -> None:
    _replace(database, [SIGNAL])
    _replace(database, [])
    for table in ("setups", "triggers", "pivots"):
        assert _rows(database, f"SELECT count(*) FROM trading.{table}") == [(0,)]


def test_what_an_order_was_sent_for_stays_as_it_was(database: Engine) -> None:
    _replace(database, [SIGNAL])
    with database.begin() as connection:
        values = {
            name: getattr(SIGNAL, name) for name in ("signal_id", "strategy", "strategy_version", "instrument_id")
        }
        values |= {name: getattr(SIGNAL, name) for name in ("close_time", "entry_price", "stop_price", "score")}
        values |= {"plan_id": "p", "timeframe": "1h", "bias": "long", "targets": [], "runner": {}, "run_id": "r"}
        connection.execute(insert(trade_plans).values(**values, valid_until=CLOSES[11], status="executed"))
    assert _replace(database, [replace(SIGNAL, details={**DETAILS, "confirmations": ["ENGULFING"]})]) == 0
    assert _rows(database, "SELECT hits FROM trading.triggers") == [(["RSI_DIV", "OBV_DIV"],)]
