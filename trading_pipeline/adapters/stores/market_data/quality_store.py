"""What was noticed about market data, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import quality_events
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.quality_store import QualityStore


class PostgresQualityStore(QualityStore):
    """Inserts and reads; nothing is ever changed."""

    def __init__(self, engine: Engine, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._run_id = run_id

    def record(self, events: Sequence[QualityEvent]) -> list[QualityEvent]:
        """Insert unless the event's id is there."""
        if not events:
            return []
        rows = [
            {
                "event_id": event.event_id,
                "kind": event.kind.value,
                "severity": event.severity.value,
                "at": event.at,
                "instrument_id": event.instrument_id,
                "timeframe": event.timeframe,
                "close_time": event.close_time,
                "detail": dict(event.detail),
                "told_apart_by": event.told_apart_by,
                "run_id": self._run_id,
            }
            for event in events
        ]
        statement = insert(quality_events).on_conflict_do_nothing().returning(quality_events.c.event_id)
        with self._engine.begin() as connection:
            # Rows apart from the statement are sent some at a time: a year of minutes has more than one may carry.
            new: set[str] = set(connection.execute(statement, rows).scalars())
        # Two of one id in one call are one fact.
        return list({event.event_id: event for event in events if event.event_id in new}.values())

    def since(self, at: datetime) -> list[QualityEvent]:
        """Read by venue time."""
        table = quality_events.c
        query = select(quality_events).where(table.at >= at).order_by(table.at, table.kind, table.event_id)
        with reading(self._engine) as connection:
            return [
                QualityEvent(
                    QualityKind(row.kind),
                    Severity(row.severity),
                    row.at,
                    InstrumentId(row.instrument_id) if row.instrument_id else None,
                    Timeframe(row.timeframe) if row.timeframe else None,
                    row.close_time,
                    row.detail,
                    row.told_apart_by,
                )
                for row in connection.execute(query)
            ]
