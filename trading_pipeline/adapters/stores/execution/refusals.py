"""Orders that the venue refused, out of ``order_intents``."""

from sqlalchemy import Engine, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import order_intents
from trading_pipeline.domain.model.orders import IntentState


def newest_refused_order(engine: Engine) -> str | None:
    """The link id of the order that was meant last of all that the venue refused; ``None`` where it refused none."""
    table = order_intents.c
    query = select(table.order_link_id).where(table.state == IntentState.REJECTED.value)
    with reading(engine) as connection:
        return connection.execute(query.order_by(table.intended_at.desc()).limit(1)).scalar_one_or_none()
