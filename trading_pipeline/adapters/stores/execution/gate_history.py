"""What the account did and how its trades ended, as the gate's transaction reads it."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, case, func, select, true

from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots, fills, order_intents, positions
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.held import FIVE_MINUTES, MOST_CLOSED, PEAK_DAYS, Activity, ClosedTrade, TradeRecord

_DAY = timedelta(days=1)
_NET = positions.c.realised_pnl - positions.c.fees - positions.c.funding


def activity_of(connection: Connection, account_id: AccountId, now: datetime, pending: tuple[int, Decimal]) -> Activity:
    """Orders with fills and what they traded, by venue time, those included that are decided and have none yet.

    :param pending: number and notional (quote currency) of those.
    """
    midnight = day_of(now)
    at, notional = fills.c.executed_at, fills.c.quantity * fills.c.price
    row = connection.execute(
        select(
            _orders(at > now - FIVE_MINUTES).label("orders_5m"),
            _orders(at > now - _DAY).label("orders_day"),
            _sum(notional, at > now - FIVE_MINUTES).label("turnover_5m"),
            _sum(notional, at >= midnight).label("turnover_day"),
        ).where(
            fills.c.account_id == account_id,
            fills.c.kind != FillKind.FUNDING.value,
            at > min(midnight, now - _DAY),
        )
    ).one()
    count, traded = pending
    return Activity(
        orders_5m=row.orders_5m + count,
        turnover_5m=row.turnover_5m + traded,
        orders_day=row.orders_day + count,
        turnover_day=row.turnover_day + traded,
        last_entry_at=_last_entry_at(connection, account_id),
    )


def _orders(within: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((within, fills.c.venue_order_id)).distinct())


def _sum(amount: ColumnElement[Decimal], within: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(case((within, amount))), Decimal(0))


def _last_entry_at(connection: Connection, account_id: AccountId) -> datetime | None:
    found: datetime | None = connection.execute(
        select(fills.c.executed_at)
        .join(order_intents, order_intents.c.order_link_id == fills.c.order_link_id)
        .where(fills.c.account_id == account_id, order_intents.c.purpose == Purpose.ENTRY.value)
        .order_by(fills.c.executed_at.desc())
        .limit(1)
    ).scalar()
    return found


def trades_of(
    connection: Connection, account_id: AccountId, currency: str, plan: TradePlan, now: datetime
) -> TradeRecord:
    """Closed trades of the account that are settled in the currency, and when the plan's side was last traded."""
    mine = (positions.c.account_id == account_id, positions.c.settlement_currency == currency)
    closed = positions.c.status == PositionStatus.CLOSED.value
    newest = connection.execute(
        select(positions.c.closed_at, _NET.label("net"))
        .where(*mine, closed)
        .order_by(positions.c.closed_at.desc(), positions.c.position_id)
        .limit(MOST_CLOSED)
    )
    today = select(func.coalesce(func.sum(_NET), Decimal(0))).where(*mine, closed, positions.c.closed_at >= day_of(now))
    same_side = select(func.max(func.greatest(positions.c.opened_at, positions.c.closed_at))).where(
        positions.c.account_id == account_id,
        positions.c.instrument_id == plan.instrument_id,
        positions.c.bias == plan.bias.value,
    )
    return TradeRecord(
        closed=tuple(ClosedTrade(row.closed_at, row.net) for row in newest),
        realised_today=connection.execute(today).scalar_one(),
        same_side_at=connection.execute(same_side).scalar(),
    )


def day_low_equity(connection: Connection, account_id: AccountId, currency: str, now: datetime) -> Decimal | None:
    """The lowest reading since UTC midnight; ``None`` where there is none."""
    return _today(connection, account_id, currency, now, func.min(equity_snapshots.c.equity))


def peak_equity(connection: Connection, account_id: AccountId, currency: str, now: datetime) -> Decimal | None:
    """The highest of the readings of today and of those that the last days began with; ``None`` where there is none."""
    today = day_of(now)
    days = func.generate_series(today - (PEAK_DAYS - 1) * _DAY, today - _DAY, _DAY).table_valued("day").render_derived()
    starts = (
        select(equity_snapshots.c.equity)
        .where(
            *_readings(account_id, currency),
            equity_snapshots.c.read_at >= days.c.day,
            equity_snapshots.c.read_at < days.c.day + _DAY,
        )
        .order_by(equity_snapshots.c.read_at)
        .limit(1)
        .lateral()
    )
    before = select(func.max(starts.c.equity)).select_from(days.join(starts, true()))
    highs = (
        connection.execute(before).scalar(),
        _today(connection, account_id, currency, now, func.max(equity_snapshots.c.equity)),
    )
    return max((high for high in highs if high is not None), default=None)


def _today(
    connection: Connection, account_id: AccountId, currency: str, now: datetime, extreme: ColumnElement[Decimal]
) -> Decimal | None:
    since = equity_snapshots.c.read_at >= day_of(now)
    found: Decimal | None = connection.execute(select(extreme).where(*_readings(account_id, currency), since)).scalar()
    return found


def _readings(account_id: AccountId, currency: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    table = equity_snapshots.c
    return table.account_id == account_id, table.currency == currency
