"""What the pipeline did where a backtest looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, signals, trade_plans
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus


@dataclass(frozen=True, slots=True)
class PipelineCounts:
    """How many of each; signals and plans that were live, orders and fills of those plans."""

    signals: int
    trade_plans: int
    orders: int
    fills: int
    positions_open: int
    positions_closed: int


def pipeline_counts(
    engine: Engine, strategy: str, instrument_ids: Sequence[str], timeframe: str, first: datetime, last: datetime
) -> PipelineCounts:
    """Of a strategy, its instruments and timeframe, at closes from ``first`` to ``last`` (UTC), both included."""

    def decided(table: FromClause) -> list[ColumnElement[bool]]:
        return [
            table.c.strategy == strategy,
            table.c.instrument_id.in_(instrument_ids),
            table.c.timeframe == timeframe,
            table.c.close_time.between(first, last),
        ]

    plans = select(trade_plans.c.plan_id).where(
        *decided(trade_plans), trade_plans.c.status != PlanStatus.HISTORICAL.value
    )
    ours = positions.c.plan_id.in_(plans)
    closed = positions.c.status == PositionStatus.CLOSED.value
    of_plans = select(order_intents.c.order_link_id).where(order_intents.c.plan_id.in_(plans))
    with reading(engine) as connection:
        return PipelineCounts(
            signals=_count(connection, signals, *decided(signals), signals.c.live),
            trade_plans=_count(connection, plans.subquery()),
            orders=_count(connection, of_plans.subquery()),
            fills=_count(connection, fills, fills.c.order_link_id.in_(of_plans)),
            positions_open=_count(connection, positions, ours, ~closed),
            positions_closed=_count(connection, positions, ours, closed),
        )


def _count(connection: Connection, table: FromClause, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    return connection.execute(query).scalar_one()
