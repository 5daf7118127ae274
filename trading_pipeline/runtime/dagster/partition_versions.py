"""Dagster's event log, in which each partition of a run has the data version of its own content.

A step says one data version for all partitions of its run: an unchanged day would look changed as soon as it
is computed together with others, and what follows from it stale.

The versions that a run has told itself are remembered while it lasts: each of its assets asks for those of the assets
before it, partition by partition.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import AssetKey, DagsterEventType, EventLogEntry
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG
from dagster._core.event_api import EventLogRecord
from dagster._serdes import deserialize_value

from trading_pipeline.adapters.stores.postgres.partition_contents import VERSION_KEY
from trading_pipeline.runtime.dagster.event_writes import SparingEventLog


class PartitionVersionEventLog(SparingEventLog):
    """Takes a materialisation's data version from its metadata, where that names one."""

    def __init__(self, postgres_url: str, should_autocreate_tables: bool = True) -> None:
        super().__init__(postgres_url, should_autocreate_tables)
        self._run_id = ""
        self._versions = defaultdict[AssetKey, dict[str, str]](dict)

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        event = _versioned(event)
        super().store_event(event)
        self._remember([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of a batch at once.

        Dagster takes the version of the last one for that of the asset, and warns where the step said another; so one
        that says what the step said comes last. Their order is otherwise that of a set.
        """
        versioned = [(event, _versioned(event)) for event in events]
        versioned.sort(key=lambda pair: _version(pair[0]) == _version(pair[1]))
        stored = [event for _, event in versioned]
        super().store_event_batch(stored)
        self._remember(stored)

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """From memory where versions are asked for that the run has told; whatever else is asked, of the database."""
        told = self._versions.get(asset_key, {})
        plain = event_type is DagsterEventType.ASSET_MATERIALIZATION and before_cursor is after_cursor is None
        if plain and list(tag_keys) == [DATA_VERSION_TAG] and asset_partitions and told.keys() >= set(asset_partitions):
            return {partition: {DATA_VERSION_TAG: told[partition]} for partition in asset_partitions}
        return super().get_latest_tags_by_partition(
            asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
        )

    def _get_latest_materialization_records(
        self, raw_asset_rows: Sequence[Mapping[str, Any]]
    ) -> Mapping[AssetKey, Any]:
        """Read from the rows; Dagster looks into the event log as well, also for none."""
        found, others = dict[AssetKey, Any](), []
        for row in raw_asset_rows:
            key, last = AssetKey.from_db_string(row["asset_key"]), row["last_materialization"]
            # Details say when an asset was wiped; what was wiped, or never materialised, is Dagster's own affair.
            record = deserialize_value(last) if last and not row["asset_details"] else None
            if key and isinstance(record, EventLogRecord):
                found[key] = record
            else:
                others.append(row)
        return {**found, **super()._get_latest_materialization_records(others)} if others else found

    def _remember(self, stored: Sequence[EventLogEntry]) -> None:
        """Versions of one run's partitions; those of the run before are for the database to tell."""
        for event in stored:
            version, told = _version(event), event.dagster_event
            if version and event.run_id and told and told.asset_key and told.partition:
                if event.run_id != self._run_id:
                    self._run_id = event.run_id
                    self._versions.clear()
                self._versions[told.asset_key][told.partition] = version


def _version(entry: EventLogEntry) -> str | None:
    """The data version of a materialisation."""
    event = entry.dagster_event
    if event is None or not event.is_step_materialization:
        return None
    return (event.step_materialization_data.materialization.tags or {}).get(DATA_VERSION_TAG)


def _versioned(entry: EventLogEntry) -> EventLogEntry:
    event = entry.dagster_event
    if event is None or not event.is_step_materialization:
        return entry
    data = event.step_materialization_data
    version = data.materialization.metadata.get(VERSION_KEY)
    if version is None:
        return entry
    tags = {
        **(data.materialization.tags or {}),
        DATA_VERSION_TAG: str(version.value),
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
    }
    # Events are named tuples: the three around the tags are made anew, nothing is changed in place.
    data = data._replace(materialization=data.materialization._replace(tags=tags))
    return entry._replace(dagster_event=event._replace(event_specific_data=data))
