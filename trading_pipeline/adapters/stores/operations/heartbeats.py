"""Heartbeats in PostgreSQL."""

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import heartbeats
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.ports.stores.operations.heartbeats import HeartbeatStore

# By the server's clock, which also stamped the beat: the asker's may be off.
_AGE_S = func.extract("epoch", func.clock_timestamp() - heartbeats.c.beat_at).label("age_s")
_BEATS = select(heartbeats.c.component, heartbeats.c.detail, _AGE_S).order_by(heartbeats.c.component)
"""Made once, as whoever looks on asks it every second."""


class PostgresHeartbeatStore(HeartbeatStore):
    """One row per component in ``trading.heartbeats``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def beat(self, component: str, detail: str) -> None:
        """Upsert the row of the component."""
        row = insert(heartbeats).values(component=component, detail=detail)
        fresh = {"detail": detail, "beat_at": func.clock_timestamp()}
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["component"], set_=fresh))

    def beats(self) -> list[Heartbeat]:
        """Read all rows and the database's clock at once."""
        with reading(self._engine) as connection:
            return [Heartbeat(row.component, row.detail, float(row.age_s)) for row in connection.execute(_BEATS)]
