"""The runs that Dagster remembers, and what is known by them alone.

Dagster shows the newest event of an asset or a partition and the newest verdict of a check by looking at what it has
stored; who deletes the run of such an event makes the partition look never materialised. Its own deletion does not ask,
leaves the verdicts and the folder, and takes the run away before its events, which nobody finds again if it dies there.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from sqlalchemy import ColumnElement, Select, and_, delete, not_, or_, select

from trading_pipeline.defs.execution.jobs import (
    execute_plans,
    follow_booked_fills,
    manage_and_execute,
    manage_open_positions,
    reconcile,
)
from trading_pipeline.defs.execution.ledger import ledger_assets
from trading_pipeline.defs.operations.attempts import given_up
from trading_pipeline.defs.operations.jobs import OPERATOR_JOBS
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.run_history import EndedRun, RunKind
from trading_pipeline.ports.stores.operations.run_history import RunHistory

_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_KINDS: Mapping[str, RunKind] = {
    reconcile.name: RunKind.RECONCILIATION,
    **dict.fromkeys(
        (
            job.name
            for job in (
                execute_plans,
                manage_and_execute,
                manage_open_positions,
                follow_booked_fills,
                *OPERATOR_JOBS,
            )
        ),
        RunKind.ORDERS,
    ),
}
_LEDGER = [spec.key.to_string() for spec in ledger_assets if spec.key != dg.AssetKey("equity")]
"""Readings of equity say nothing about orders."""
_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION.value
_SHOWN = (_MATERIALIZED, dg.DagsterEventType.ASSET_OBSERVATION.value)
_DECIDED = ("SUCCEEDED", "FAILED")

_events, _newer = SqlEventLogStorageTable, SqlEventLogStorageTable.alias("newer")
_checks, _later = AssetCheckExecutionsTable, AssetCheckExecutionsTable.alias("later")


class DagsterRunHistory(RunHistory):
    """Everything in Dagster's own database, and the folder that each run has beside it."""

    def __init__(self, instance: dg.DagsterInstance, portion: int = 500) -> None:
        """Look at nothing yet.

        :param portion: most runs that are asked about at a time.
        :raises ConfigurationError: the instance keeps its history where SQL does not reach.
        """
        runs, events = instance.run_storage, instance.event_log_storage
        if not isinstance(runs, SqlRunStorage) or not isinstance(events, SqlEventLogStorage):
            raise ConfigurationError(
                f"Dagster keeps its runs in {type(runs).__name__} and its events in {type(events).__name__}; "
                "a purge asks them by SQL: use the storage of runtime/dagster/dagster.yaml"
            )
        self._instance, self._runs, self._events = instance, runs, events
        self._portion = portion

    def ended(self, before: datetime) -> Iterator[Sequence[EndedRun]]:
        """By their numbers, so that a portion may go before the next is asked for."""
        table, last = RunsTable.c, 0
        query = (
            select(table.id, table.run_id, table.pipeline_name, table.status, table.update_timestamp)
            .where(
                table.status.in_([status.value for status in _ENDED]),
                # The column has no time zone and holds UTC.
                table.update_timestamp < before.astimezone(UTC).replace(tzinfo=None),
            )
            .order_by(table.id)
            .limit(self._portion)
        )
        while True:
            with self._runs.connect() as connection:
                # By number and not by offset: an offset would skip as many as were removed meanwhile.
                rows = connection.execute(query.where(table.id > last)).all()
            if not rows:
                return
            last = rows[-1].id
            yield [
                EndedRun(
                    row.run_id,
                    _KINDS.get(row.pipeline_name, RunKind.OTHER),
                    row.status == dg.DagsterRunStatus.SUCCESS.value,
                    row.update_timestamp.replace(tzinfo=UTC),
                )
                for row in rows
            ]

    def told_of_ledger(self, run_ids: Collection[str]) -> set[str]:
        """By the events of the ledger's tables."""
        event = _events.c
        return self._asked(
            select(event.run_id).where(
                event.run_id.in_(run_ids), event.dagster_event_type == _MATERIALIZED, event.asset_key.in_(_LEDGER)
            )
        )

    def needed(self, run_ids: Collection[str]) -> set[str]:
        """Asked of the database, but for what was given up."""
        assets = AssetKeyTable.c
        return {
            *self._asked(_newest_events(run_ids)),
            *self._asked(_newest_verdicts(run_ids)),
            *self._asked(select(assets.last_run_id).where(assets.last_run_id.in_(run_ids))),
            *self._of_work_given_up(run_ids),
        }

    def remove(self, run_ids: Collection[str]) -> None:
        """Folder, verdicts and events before the run itself: what is left half-done is found again by the run."""
        for run_id in run_ids:
            self._instance.compute_log_manager.delete_logs(prefix=[run_id])
        with self._events.index_connection() as connection:
            connection.execute(delete(_checks).where(_checks.c.run_id.in_(run_ids)))
        for run_id in run_ids:
            self._events.delete_events(run_id)
            self._runs.delete_run(run_id)

    def _asked(self, query: Select[Any]) -> set[str]:
        with self._events.index_connection() as connection:
            return set(connection.execute(query).scalars())

    def _of_work_given_up(self, run_ids: Collection[str]) -> set[str]:
        """Runs whose number, or whose end, says that a sensor requests no more of their kind."""
        statuses = [status for status in _ENDED if status is not dg.DagsterRunStatus.SUCCESS]
        runs = self._instance.get_runs(dg.RunsFilter(run_ids=list(run_ids), statuses=statuses))
        works = {run.tags["work"] for run in runs if "work" in run.tags}
        kept = {work for work in works if given_up(self._instance, work, time.time())}
        return {run.run_id for run in runs if run.tags.get("work") in kept}


def _newest_events(run_ids: Collection[str]) -> Select[Any]:
    """Runs with the newest materialization or observation of an asset's partition, or of an asset without any."""
    event, newer = _events.c, _newer.c
    same = and_(
        newer.asset_key == event.asset_key, newer.dagster_event_type == event.dagster_event_type, newer.id > event.id
    )
    return (
        select(event.run_id)
        .distinct()
        .where(
            event.run_id.in_(run_ids),
            event.dagster_event_type.in_(_SHOWN),
            # apart, so that each is one look into an index
            or_(
                and_(event.partition.is_not(None), _none(same, newer.partition == event.partition)),
                and_(event.partition.is_(None), _none(same, newer.partition.is_(None))),
            ),
        )
    )


def _none(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return not_(select(_newer.c.id).where(*conditions).exists())


def _newest_verdicts(run_ids: Collection[str]) -> Select[Any]:
    """Runs with the newest evaluation of a check, and with one that was planned since and did not come."""
    check, later = _checks.c, _later.c
    decided_since = select(later.id).where(
        later.asset_key == check.asset_key,
        later.check_name == check.check_name,
        later.partition.is_not_distinct_from(check.partition),
        later.execution_status.in_(_DECIDED),
        later.id > check.id,
    )
    return select(check.run_id).distinct().where(check.run_id.in_(run_ids), not_(decided_since.exists()))
