"""What the account did and how its trades ended, as the gate's transaction reads it."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, DateTime, Text, bindparam, case, func, select

from trading_pipeline.adapters.stores.execution.gate_numbers import NET, OWN_END
from trading_pipeline.adapters.stores.postgres.tables import fills, positions
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.held import FIVE_MINUTES, MOST_CLOSED, Activity, ClosedTrade

_DAY = timedelta(days=1)


def activity_of(
    connection: Connection,
    account_id: AccountId,
    now: datetime,
    pending: tuple[int, Decimal],
    last_entry_at: datetime | None,
) -> Activity:
    """Orders with fills and what they traded, by venue time, those included that are decided and have none yet.

    :param pending: number and notional (quote currency) of those.
    """
    since = {"minutes_ago": now - FIVE_MINUTES, "day_ago": now - _DAY, "midnight": day_of(now)}
    row = connection.execute(_ACTIVITY, {"account_id": account_id, **since}).one()
    count, traded = pending
    return Activity(
        orders_5m=row.orders_5m + count,
        turnover_5m=row.turnover_5m + traded,
        orders_day=row.orders_day + count,
        turnover_day=row.turnover_day + traded,
        last_entry_at=last_entry_at,
    )


def _orders(within: ColumnElement[bool]) -> ColumnElement[int]:
    # By the venue's id: what it sent by itself has no link id of ours, and all of that would be one order.
    return func.count(case((within, fills.c.venue_order_id)).distinct())


def _sum(amount: ColumnElement[Decimal], within: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(case((within, amount))), Decimal(0))


def closed_trades(connection: Connection, account_id: AccountId, currency: str) -> tuple[ClosedTrade, ...]:
    """Trades of the account that are settled in the currency, newest first."""
    rows = connection.execute(_CLOSED, {"account_id": account_id, "currency": currency})
    return tuple(ClosedTrade(row.closed_at, row.net) for row in rows)


# Built once: putting them together takes longer than PostgreSQL takes to answer them.
_ACCOUNT, _CURRENCY = bindparam("account_id", type_=Text), bindparam("currency", type_=Text)
_MINUTES_AGO, _DAY_AGO, _MIDNIGHT = (
    bindparam(name, type_=DateTime(timezone=True)) for name in ("minutes_ago", "day_ago", "midnight")
)
_AT, _NOTIONAL = fills.c.executed_at, fills.c.quantity * fills.c.price
# Midnight is never more than a day back, so one pass over a day has all four.
_ACTIVITY = select(
    _orders(_AT > _MINUTES_AGO).label("orders_5m"),
    _orders(_AT > _DAY_AGO).label("orders_day"),
    _sum(_NOTIONAL, _AT > _MINUTES_AGO).label("turnover_5m"),
    _sum(_NOTIONAL, _AT >= _MIDNIGHT).label("turnover_day"),
).where(fills.c.account_id == _ACCOUNT, fills.c.kind != FillKind.FUNDING.value, _AT > _DAY_AGO)
_CLOSED = (
    select(positions.c.closed_at, NET.label("net"))
    .where(
        positions.c.account_id == _ACCOUNT,
        positions.c.settlement_currency == _CURRENCY,
        positions.c.status == PositionStatus.CLOSED.value,
        OWN_END,
    )
    .order_by(positions.c.closed_at.desc(), positions.c.position_id)
    .limit(MOST_CLOSED)
)
