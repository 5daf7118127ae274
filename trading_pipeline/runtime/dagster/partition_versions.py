"""Dagster's event log, in which each partition of a run has the data version of its own content.

A step says one data version for all partitions of its run: an unchanged day would look changed as soon as it
is computed together with others, and what follows from it stale.
"""

from collections.abc import Sequence

from dagster import EventLogEntry
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG

from trading_pipeline.adapters.stores.postgres.partition_contents import VERSION_KEY
from trading_pipeline.runtime.dagster.event_writes import SparingEventLog


class PartitionVersionEventLog(SparingEventLog):
    """Takes a materialisation's data version from its metadata, where that names one."""

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        super().store_event(_versioned(event))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of a batch at once.

        Dagster takes the version of the last one for that of the asset, and warns where the step said another; so one
        that says what the step said comes last. Their order is otherwise that of a set.
        """
        versioned = [(event, _versioned(event)) for event in events]
        versioned.sort(key=lambda pair: _version(pair[0]) == _version(pair[1]))
        super().store_event_batch([event for _, event in versioned])


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
