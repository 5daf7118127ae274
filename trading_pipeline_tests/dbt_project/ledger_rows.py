"""Rows of a small ledger: a long of two layers and three exits, a short that was stopped, an open one, an empty one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, insert

from trading_pipeline.adapters.stores.postgres import tables
from trading_pipeline_tests.testkit.builders import ACCOUNT

CLOSE = datetime(2025, 11, 1, 8, tzinfo=UTC)
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Trade:
    """One position and what became of it; ``fills`` are (purpose, side, quantity, price, fee, kind), E2 a layer's."""

    plan_id: str
    instrument_id: str
    bias: str
    entry: Decimal | None
    stop: Decimal
    quantity: Decimal
    status: str
    realised: Decimal
    fees: Decimal
    funding: Decimal
    exit_reason: str | None
    fills: tuple[tuple[str, str, str, str, str, str], ...]


LONG = Trade(
    plan_id="plan-long",
    instrument_id="BTCUSDT.BYBIT",
    bias="long",
    entry=Decimal(100),
    stop=Decimal(90),
    quantity=Decimal(10),
    status="closed",
    realised=Decimal("118"),
    fees=Decimal("2.2"),
    funding=Decimal("0.3"),
    exit_reason="trailing_stop",
    fills=(
        ("E", "buy", "6", "99", "0.5", "trade"),
        ("E2", "buy", "4", "101.5", "0.5", "trade"),
        ("", "buy", "10", "100", "0.3", "funding"),
        ("TP1", "sell", "4", "110", "0.4", "trade"),
        ("TP2", "sell", "4", "120", "0.4", "trade"),
        ("", "sell", "2", "99", "0.4", "stop_loss"),
    ),
)
SHORT = Trade(
    plan_id="plan-short",
    instrument_id="SOLUSDT.BYBIT",
    bias="short",
    entry=Decimal(50),
    stop=Decimal(52),
    quantity=Decimal(3),
    status="closed",
    realised=Decimal("-6.3"),
    fees=Decimal("0.2"),
    funding=Decimal(0),
    exit_reason="stop_loss",
    fills=(
        ("E", "sell", "2", "50", "0.06", "trade"),
        ("E-pf", "sell", "1", "50", "0.04", "trade"),
        ("", "buy", "3", "52.1", "0.1", "stop_loss"),
    ),
)
OPEN = Trade(
    plan_id="plan-open",
    instrument_id="ADAUSDT.BYBIT",
    bias="long",
    entry=Decimal("0.5"),
    stop=Decimal("0.45"),
    quantity=Decimal(100),
    status="open",
    realised=Decimal(0),
    fees=Decimal("0.03"),
    funding=Decimal(0),
    exit_reason=None,
    fills=(("E", "buy", "100", "0.5", "0.03", "trade"),),
)
EMPTY = Trade(
    plan_id="plan-empty",
    instrument_id="ADAUSDT.BYBIT",
    bias="short",
    entry=None,
    stop=Decimal("0.55"),
    quantity=Decimal(0),
    status="failed",
    realised=Decimal(0),
    fees=Decimal(0),
    funding=Decimal(0),
    exit_reason=None,
    fills=(),
)


def write_trades(database: Engine) -> None:
    """Store all four with their signals, plans, intents and fills."""
    with database.begin() as connection:
        for trade in (LONG, SHORT, OPEN, EMPTY):
            _write(connection, trade)


def _write(connection: Connection, trade: Trade) -> None:
    plan = {
        "targets": [],
        "runner": {},
        "valid_until": CLOSE + timedelta(hours=1),
        "status": "executed",
        "run_id": "run",
    }
    for plan_id in (trade.plan_id, _plan_of(trade, "E2")):
        decision = _decision(trade, plan_id)
        connection.execute(insert(tables.signals).values(**decision, kind="entry", details={}))
        connection.execute(insert(tables.trade_plans).values(plan_id=plan_id, **decision, **plan))
    connection.execute(insert(tables.positions).values(**_position(trade)))
    # TP2 of the stopped short was intended and never sent: it is no order of the trade
    sent = {"E", *(fill[0] for fill in trade.fills if fill[0])}
    for purpose in ("E", "TP1", "TP2", *sorted({"E2", "E-pf"} & sent)):
        connection.execute(insert(tables.order_intents).values(**_intent(trade, purpose, purpose in sent)))
    for number, fill in enumerate(trade.fills):
        connection.execute(insert(tables.fills).values(**_fill(trade, number, fill)))


def _plan_of(trade: Trade, purpose: str) -> str:
    return f"{trade.plan_id}-layer" if purpose == "E2" else trade.plan_id


def _decision(trade: Trade, plan_id: str) -> Row:
    return {
        "signal_id": f"signal of {plan_id}",
        "strategy": "ema_atr",
        "strategy_version": "abc",
        "instrument_id": trade.instrument_id,
        "timeframe": "1h",
        "close_time": CLOSE,
        "bias": trade.bias,
        "entry_price": trade.entry or Decimal(1),
        "stop_price": trade.stop,
        "score": 0,
    }


def _position(trade: Trade) -> Row:
    closed = trade.status == "closed"
    return {
        "position_id": f"position of {trade.plan_id}",
        "account_id": ACCOUNT,
        "settlement_currency": "USDT",
        "plan_id": trade.plan_id,
        "instrument_id": trade.instrument_id,
        "timeframe": "1h",
        "bias": trade.bias,
        "status": trade.status,
        "quantity": 0 if closed else trade.quantity,
        "entry_quantity": trade.quantity,
        "entry_price": trade.entry,
        "initial_stop_price": trade.stop,
        "stop_price": trade.stop,
        "realised_pnl": trade.realised,
        "fees": trade.fees,
        "funding": trade.funding,
        "opened_at": CLOSE + timedelta(seconds=1) if trade.fills else None,
        "closed_at": CLOSE + timedelta(hours=2) if closed else None,
        "exit_reason": trade.exit_reason,
    }


def _intent(trade: Trade, purpose: str, sent: bool) -> Row:
    return {
        "order_link_id": f"{trade.plan_id}_{purpose}",
        "account_id": ACCOUNT,
        "plan_id": _plan_of(trade, purpose),
        "position_id": f"position of {trade.plan_id}",
        "purpose": "E" if purpose in ("E2", "E-pf") else purpose,
        "attempt": 1 if purpose == "E-pf" else 0,
        "layer": 2 if purpose == "E2" else 1,
        "filled_quantity": 1 if sent else 0,
        "instrument_id": trade.instrument_id,
        "side": "buy",
        "order_type": "market",
        "quantity": 1,
        "reduce_only": purpose not in ("E", "E2", "E-pf"),
        "valid_until": CLOSE,
        "run_id": "run",
        "state": "filled" if sent else "intended",
        "sent_at": CLOSE if sent else None,
    }


def _fill(trade: Trade, number: int, fill: tuple[str, str, str, str, str, str]) -> Row:
    purpose, side, quantity, price, fee, kind = fill
    return {
        "account_id": ACCOUNT,
        "execution_id": f"{trade.plan_id}-{number}",
        "order_link_id": f"{trade.plan_id}_{purpose}" if purpose else "",
        "venue_order_id": f"{number}",
        "position_id": f"position of {trade.plan_id}",
        "instrument_id": trade.instrument_id,
        "side": side,
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "fee": Decimal(fee),
        "fee_currency": "USDT",
        "is_maker": False,
        "kind": kind,
        "executed_at": CLOSE + timedelta(minutes=number),
    }
