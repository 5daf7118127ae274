"""Orders that were sent and plans that were refused, read back from the ledger."""

from datetime import datetime

from sqlalchemy import Engine, Row, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose, Side
from trading_pipeline.domain.model.pipeline_runs import RefusedPlan, SentOrder
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe

_ORDERS = text("""
SELECT intent.*, extract(epoch FROM intent.acknowledged_at - intent.sent_at)::float8 AS answer_s
FROM trading.order_intents intent JOIN trading.trade_plans plan USING (plan_id)
WHERE plan.close_time > :start AND plan.close_time <= :end AND intent.state <> 'intended'
ORDER BY intent.sent_at, intent.intended_at, intent.order_link_id
""")
_REFUSED = text("""
SELECT * FROM trading.trade_plans
WHERE close_time > :start AND close_time <= :end AND status IN ('denied', 'rejected', 'expired', 'failed')
ORDER BY close_time, instrument_id, strategy, plan_id
""")


def sent_orders(engine: Engine, start: datetime, end: datetime) -> tuple[SentOrder, ...]:
    """Orders of the plans that closed in ``(start, end]`` (UTC), in the order in which they were sent."""
    with reading(engine) as connection:
        return tuple(_order(row) for row in connection.execute(_ORDERS, {"start": start, "end": end}))


def refused_plans(engine: Engine, start: datetime, end: datetime) -> tuple[RefusedPlan, ...]:
    """Plans that closed in ``(start, end]`` and were denied, rejected, given up or failed; by close."""
    with reading(engine) as connection:
        return tuple(_refused(row) for row in connection.execute(_REFUSED, {"start": start, "end": end}))


def _order(row: Row[tuple[object, ...]]) -> SentOrder:
    return SentOrder(
        instrument_id=InstrumentId(row.instrument_id),
        purpose=Purpose(row.purpose),
        layer=row.layer,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        quantity=row.quantity,
        price=row.price,
        average_price=row.average_price,
        state=IntentState(row.state),
        reason=row.reason,
        changed_at=row.venue_updated_at,
        answer_s=row.answer_s,
        run_id=row.run_id,
    )


def _refused(row: Row[tuple[object, ...]]) -> RefusedPlan:
    return RefusedPlan(
        close_time=row.close_time,
        instrument_id=InstrumentId(row.instrument_id),
        timeframe=Timeframe(row.timeframe),
        strategy=row.strategy,
        bias=Bias(row.bias),
        status=PlanStatus(row.status),
        reason=row.status_reason,
    )
