"""What the account did and how its trades ended, as the gate's transaction reads it."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, DateTime, Row, Text, and_, bindparam, case, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from trading_pipeline.adapters.stores.execution.ledger_rows import FINAL_STATES, LIVE_STATUSES
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.held import FIVE_MINUTES, MOST_CLOSED, Activity, ClosedTrade

_DAY = timedelta(days=1)
NET = positions.c.realised_pnl - positions.c.fees - positions.c.funding
"""What a position earned, settlement currency."""
OWN_END = positions.c.exit_reason.is_distinct_from(ExitReason.MUTEX_UPGRADE.value)
"""Closed for a plan that takes its place a trade starts no rest and is in no streak: they would deny that very plan."""


def history_of(connection: Connection, account_id: AccountId, currency: str, now: datetime) -> Row[tuple[object, ...]]:
    """``pending_orders`` and their ``pending_notional``: decided, and no fill is booked yet; ``orders_5m``,
    ``orders_day``, ``turnover_5m`` and ``turnover_day`` by fills; ``closed_at`` and ``closed_net`` of the newest trades
    that are settled in the currency.
    """
    values = {
        "account_id": account_id,
        "currency": currency,
        "minutes_ago": now - FIVE_MINUTES,
        "day_ago": now - _DAY,
        "midnight": day_of(now),
    }
    return connection.execute(_HISTORY, values).one()


def activity_in(history: Row[tuple[object, ...]], last_entry_at: datetime | None) -> Activity:
    """What the account did of late; what is decided and has no fill yet counts as done."""
    return Activity(
        orders_5m=history.orders_5m + history.pending_orders,
        turnover_5m=history.turnover_5m + history.pending_notional,
        orders_day=history.orders_day + history.pending_orders,
        turnover_day=history.turnover_day + history.pending_notional,
        last_entry_at=last_entry_at,
    )


def closed_in(history: Row[tuple[object, ...]]) -> tuple[ClosedTrade, ...]:
    """The trades, newest first."""
    # An aggregate of no rows is NULL and no empty array.
    ends, results = history.closed_at or (), history.closed_net or ()
    return tuple(ClosedTrade(at, net) for at, net in zip(ends, results, strict=True))


def _orders(within: ColumnElement[bool]) -> ColumnElement[int]:
    # By the venue's id: what it sent by itself has no link id of ours, and all of that would be one order.
    return func.count(case((within, fills.c.venue_order_id)).distinct())


def _sum(amount: ColumnElement[Decimal], within: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(case((within, amount))), Decimal(0))


# Built once: putting them together takes longer than PostgreSQL takes to answer them.
_ACCOUNT, _CURRENCY = bindparam("account_id", type_=Text), bindparam("currency", type_=Text)
_MINUTES_AGO, _DAY_AGO, _MIDNIGHT = (
    bindparam(name, type_=DateTime(timezone=True)) for name in ("minutes_ago", "day_ago", "midnight")
)
_AT, _TRADED = fills.c.executed_at, fills.c.quantity * fills.c.price
_FILLED = (
    # Midnight is never more than a day back, so one pass over a day has all four.
    select(
        _orders(_AT > _MINUTES_AGO).label("orders_5m"),
        _orders(_AT > _DAY_AGO).label("orders_day"),
        _sum(_TRADED, _AT > _MINUTES_AGO).label("turnover_5m"),
        _sum(_TRADED, _AT >= _MIDNIGHT).label("turnover_day"),
    )
    .where(fills.c.account_id == _ACCOUNT, fills.c.kind != FillKind.FUNDING.value, _AT > _DAY_AGO)
    .subquery("filled")
)
_BOOKED = select(fills.c.execution_id).where(fills.c.order_link_id == order_intents.c.order_link_id)
_NOTIONAL = func.sum(order_intents.c.quantity * trade_plans.c.entry_price)
_PENDING = (
    select(func.count().label("pending_orders"), func.coalesce(_NOTIONAL, Decimal(0)).label("pending_notional"))
    .join(trade_plans, trade_plans.c.plan_id == order_intents.c.plan_id)
    .join(positions, positions.c.position_id == order_intents.c.position_id)
    .where(
        order_intents.c.account_id == _ACCOUNT,
        order_intents.c.purpose == Purpose.ENTRY.value,
        positions.c.status.in_(LIVE_STATUSES),
        ~and_(order_intents.c.state.in_(FINAL_STATES), order_intents.c.filled_quantity == 0),
        # From its first fill on, the order is counted by its fills.
        ~_BOOKED.exists(),
    )
    .subquery("pending")
)
_NEWEST = (
    select(positions.c.closed_at, positions.c.position_id, NET.label("net"))
    .where(
        positions.c.account_id == _ACCOUNT,
        positions.c.settlement_currency == _CURRENCY,
        positions.c.status == PositionStatus.CLOSED.value,
        OWN_END,
    )
    .order_by(positions.c.closed_at.desc(), positions.c.position_id)
    .limit(MOST_CLOSED)
    .subquery("newest")
)
_NEWEST_FIRST = _NEWEST.c.closed_at.desc(), _NEWEST.c.position_id
_CLOSED = select(
    func.array_agg(aggregate_order_by(_NEWEST.c.closed_at, *_NEWEST_FIRST)).label("closed_at"),
    func.array_agg(aggregate_order_by(_NEWEST.c.net, *_NEWEST_FIRST)).label("closed_net"),
).subquery("closed")
# Three subqueries of one row each.
_HISTORY = select(_PENDING, _FILLED, _CLOSED).select_from(_PENDING.join(_FILLED, true()).join(_CLOSED, true()))
