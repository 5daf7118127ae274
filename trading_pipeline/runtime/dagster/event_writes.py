"""Dagster's event log, writing each event with the statements that it needs and the events of a batch together.

Dagster follows every event by a NOTIFY that nobody listens to, and writes the fifty events that plan a midnight's run
one by one. A wave of one instrument has some seventy events.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dagster import DagsterEventType, EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._serdes import serialize_value
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Connection

_PLANNED = {DagsterEventType.ASSET_MATERIALIZATION_PLANNED, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}


class SparingEventLog(PostgresEventLogStorage):
    """The rows that Dagster would write, in fewer statements."""

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event, with what it says about an asset in one transaction."""
        insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
        if _about_asset(event):
            # Together, so that nobody reads an event of which its asset does not know.
            with self.index_transaction() as connection:
                event_id = int(connection.execute(insert).scalar_one())
                self._store_asset_event_tags(connection, [event], [event_id])
                self._store_asset_event(connection, event, event_id)
            return
        with self.index_connection() as connection:
            event_id = int(connection.execute(insert).scalar_one())
        if event.dagster_event_type in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of a batch, those that plan a run in one transaction."""
        # Other events go Dagster's own way: only the planning of a run comes in dozens.
        if not {event.dagster_event_type for event in events} <= _PLANNED:
            super().store_event_batch(events)
            return
        insert = self.prepare_insert_event_batch(events).returning(SqlEventLogStorageTable.c.id)
        with self.index_transaction() as connection:
            numbered = [(event, int(row[0])) for event, row in zip(events, connection.execute(insert), strict=True)]
            for event, event_id in numbered:
                if _about_asset(event):
                    self._store_asset_event(connection, event, event_id)
            self._plan_checks(connection, [pair for pair in numbered if not _about_asset(pair[0])])

    def _plan_checks(self, connection: Connection, planned: Sequence[tuple[EventLogEntry, int]]) -> None:
        rows = [
            {
                "asset_key": check.asset_key.to_string(),
                "check_name": check.check_name,
                "partition": partition,
                "run_id": event.run_id,
                "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
                "evaluation_event": written,
                "evaluation_event_timestamp": datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None),
                "evaluation_event_storage_id": event_id,
            }
            for event, event_id in planned
            for check, written in [(event.get_dagster_event().asset_check_planned_data, serialize_value(event))]
            for partition in _partitions(check)
        ]
        if rows:
            connection.execute(AssetCheckExecutionsTable.insert().values(rows))


def _partitions(planned: AssetCheckEvaluationPlanned) -> Iterable[str | None]:
    if planned.partitions_subset is None:
        return [None]
    return planned.partitions_subset.get_partition_keys()


def _about_asset(event: EventLogEntry) -> bool:
    told = event.dagster_event
    return told is not None and told.event_type in ASSET_EVENTS and told.asset_key is not None
