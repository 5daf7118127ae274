"""Dagster's event log, writing each event with the statements that it needs and what comes together in one transaction.

Dagster follows every event by a NOTIFY that nobody listens to, and writes the fifty events that plan a midnight's run
one by one, as it does the verdict of every check and the output of every asset. A wave of one instrument has some
seventy events. See docs/decisions/0116.
"""

from collections import defaultdict
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
from sqlalchemy import Connection, bindparam

_CHECK_PLANNED = DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
_CHECK_EVALUATED = DagsterEventType.ASSET_CHECK_EVALUATION
_HELD_BACK = {DagsterEventType.STEP_OUTPUT, _CHECK_EVALUATED}
"""Events of a step that others of the same step follow soon; the last of a step is none of them."""

Numbered = Sequence[tuple[EventLogEntry, int]]
"""Events with their ids."""

_CHECKED = AssetCheckExecutionsTable.c
_EVALUATE = (
    AssetCheckExecutionsTable.update()
    .where(
        _CHECKED.asset_key == bindparam("of_asset"),
        _CHECKED.check_name == bindparam("of_name"),
        _CHECKED.run_id == bindparam("of_run"),
        _CHECKED.partition.is_not_distinct_from(bindparam("of_partition")),
    )
    .values(
        execution_status=bindparam("status"),
        evaluation_event=bindparam("event"),
        evaluation_event_timestamp=bindparam("at"),
        evaluation_event_storage_id=bindparam("number"),
        materialization_event_storage_id=bindparam("about"),
    )
)


class SparingEventLog(PostgresEventLogStorage):
    """The rows that Dagster would write, in fewer statements and transactions."""

    def __init__(self, postgres_url: str, should_autocreate_tables: bool = True) -> None:
        super().__init__(postgres_url, should_autocreate_tables)
        self._held = defaultdict[str, list[EventLogEntry]](list)

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event, or hold it back until the next one of its run that is not; without a run there is none."""
        if event.run_id and event.dagster_event_type in _HELD_BACK:
            self._held[event.run_id].append(event)
        else:
            self._write([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of a batch, which are of one run, at once."""
        self._write(events)

    def dispose(self) -> None:
        """Store what a process holds back that ends in the middle of a step."""
        for held in list(self._held.values()):
            *before, last = held
            self._held[last.run_id] = before
            self._write([last])
        super().dispose()

    def _write(self, events: Sequence[EventLogEntry]) -> None:
        """Store events behind those that their run holds back, with what they say about assets and checks."""
        run_id = events[0].run_id
        together = [*self._held.get(run_id, ()), *events]
        # Together, so that nobody reads an event of which its asset or its check does not know.
        with self.index_transaction() if _tells(together) else self.index_connection() as connection:
            numbered = self._insert(connection, together)
            self._tell_assets(connection, [pair for pair in numbered if _about_asset(pair[0])])
            self._plan_checks(connection, [pair for pair in numbered if _is(pair[0], _CHECK_PLANNED)])
            for event, number in numbered:
                if _is(event, _CHECK_EVALUATED):
                    self._evaluate_check(connection, event, number)
        # What could not be stored is tried again with the next event.
        self._held.pop(run_id, None)

    def _insert(self, connection: Connection, events: Sequence[EventLogEntry]) -> Numbered:
        # Rows apart from the statement, which is compiled once and not anew for every number of them.
        insert = SqlEventLogStorageTable.insert().returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
        ids: Iterable[int] = connection.execute(insert, [self._event_to_row(event) for event in events]).scalars()
        return list(zip(events, ids, strict=True))

    def _tell_assets(self, connection: Connection, numbered: Numbered) -> None:
        events = [event for event, _ in numbered]
        self._store_asset_event_tags(connection, events, [number for _, number in numbered])
        # The row of an asset is about its last event.
        for event, number in {
            event.get_dagster_event().asset_key: (event, number) for event, number in numbered
        }.values():
            self._store_asset_event(connection, event, number)

    def _plan_checks(self, connection: Connection, planned: Numbered) -> None:
        rows = [
            {
                "asset_key": check.asset_key.to_string(),
                "check_name": check.check_name,
                "partition": partition,
                "run_id": event.run_id,
                "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
                "evaluation_event": written,
                "evaluation_event_timestamp": _instant(event),
                "evaluation_event_storage_id": number,
            }
            for event, number in planned
            for check, written in [(event.get_dagster_event().asset_check_planned_data, serialize_value(event))]
            for partition in _partitions(check)
        ]
        if rows:
            connection.execute(AssetCheckExecutionsTable.insert(), rows)

    def _evaluate_check(self, connection: Connection, event: EventLogEntry, number: int) -> None:
        verdict = event.get_dagster_event().asset_check_evaluation_data
        known = AssetCheckExecutionRecordStatus
        target = verdict.target_materialization_data
        row = {
            "of_asset": verdict.asset_key.to_string(),
            "of_name": verdict.check_name,
            "of_run": event.run_id,
            "of_partition": verdict.partition,
            "status": (known.SUCCEEDED if verdict.passed else known.FAILED).value,
            "event": serialize_value(event),
            "at": _instant(event),
            "number": number,
            "about": target.storage_id if target else None,
        }
        # One that nobody planned, and one without a run, is a new row: Dagster's own affair.
        if not event.run_id or not connection.execute(_EVALUATE, row).rowcount:
            self.store_asset_check_event(event, number)


def _partitions(planned: AssetCheckEvaluationPlanned) -> Iterable[str | None]:
    if planned.partitions_subset is None:
        return [None]
    return planned.partitions_subset.get_partition_keys()


def _instant(event: EventLogEntry) -> datetime:
    """As Dagster's tables have it: UTC, and they do not say so."""
    return datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None)


def _is(event: EventLogEntry, kind: DagsterEventType) -> bool:
    return event.dagster_event_type is kind


def _tells(events: Sequence[EventLogEntry]) -> bool:
    """Whether more than a row of the event log is to be written."""
    return any(_about_asset(event) or event.dagster_event_type in ASSET_CHECK_EVENTS for event in events)


def _about_asset(event: EventLogEntry) -> bool:
    told = event.dagster_event
    return told is not None and told.event_type in ASSET_EVENTS and told.asset_key is not None
