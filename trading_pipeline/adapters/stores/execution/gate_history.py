"""What the account did and how its trades ended, as the gate's transaction reads it."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, case, func, select

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
    at, notional = fills.c.executed_at, fills.c.quantity * fills.c.price
    # Midnight is never more than a day back, so one pass over a day has all four.
    row = connection.execute(
        select(
            _orders(at > now - FIVE_MINUTES).label("orders_5m"),
            _orders(at > now - _DAY).label("orders_day"),
            _sum(notional, at > now - FIVE_MINUTES).label("turnover_5m"),
            _sum(notional, at >= day_of(now)).label("turnover_day"),
        ).where(fills.c.account_id == account_id, fills.c.kind != FillKind.FUNDING.value, at > now - _DAY)
    ).one()
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
    rows = connection.execute(
        select(positions.c.closed_at, NET.label("net"))
        .where(
            positions.c.account_id == account_id,
            positions.c.settlement_currency == currency,
            positions.c.status == PositionStatus.CLOSED.value,
            OWN_END,
        )
        .order_by(positions.c.closed_at.desc(), positions.c.position_id)
        .limit(MOST_CLOSED)
    )
    return tuple(ClosedTrade(row.closed_at, row.net) for row in rows)
