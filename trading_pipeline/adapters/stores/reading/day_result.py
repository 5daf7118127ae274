"""What a day brought, out of fills and positions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, positions
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId


@dataclass(frozen=True, slots=True)
class DayResult:
    """One instrument on one UTC day, all accounts.

    :param net_pnl: of positions that were closed within the day, less fees and funding, settlement currency.
    :param turnover: quantity times price of every fill, quote currency.
    :param orders: that were filled, in whole or in part.
    """

    net_pnl: Decimal
    turnover: Decimal
    orders: int


def day_result(engine: Engine, instrument_id: InstrumentId, day: datetime) -> DayResult:
    """What the day from midnight ``day`` on brought; funding is no turnover."""
    end = day + timedelta(days=1)
    position, fill = positions.c, fills.c
    earned = func.sum(position.realised_pnl - position.fees - position.funding)
    closed = (position.instrument_id == instrument_id, position.closed_at >= day, position.closed_at < end)
    traded = (
        fill.instrument_id == instrument_id,
        fill.kind != FillKind.FUNDING.value,
        fill.executed_at >= day,
        fill.executed_at < end,
    )
    with reading(engine) as connection:
        net_pnl = connection.execute(select(earned).where(*closed)).scalar()
        turnover = connection.execute(select(func.sum(fill.quantity * fill.price)).where(*traded)).scalar()
        orders = connection.execute(select(func.count(fill.order_link_id.distinct())).where(*traded)).scalar_one()
    return DayResult(net_pnl or Decimal(0), turnover or Decimal(0), orders)
