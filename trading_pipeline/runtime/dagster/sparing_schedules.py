"""Dagster's storage of sensors and schedules, asking once what cannot change and seldom what changes slowly.

Dagster asks for the names of all tables and for a migration before every statement about a sensor or a schedule, as its
storage of runs does not, and deletes old ticks three times after each: a third of all statements of a system in which
nothing happens. See docs/decisions/0128.
"""

import time
from collections.abc import Sequence

from dagster._core.scheduler.instigation import InstigatorState, TickStatus
from dagster._core.storage.schedules.migration import SCHEDULE_JOBS_SELECTOR_ID
from dagster._core.storage.schedules.schema import InstigatorsTable
from dagster._serdes import serialize_value
from dagster._time import get_current_datetime
from dagster_postgres import PostgresScheduleStorage
from sqlalchemy import Connection

_PURGED_EVERY_S = 600.0
"""Ticks are kept for days: what is too old may stay for ten minutes more."""


class SparingSchedules(PostgresScheduleStorage):
    """Remembers what there is and looks again for what is missing: a migration may be about to make it."""

    def __init__(self, postgres_url: str, should_autocreate_tables: bool = True) -> None:
        # Before Dagster's own part, which asks already where it makes the tables.
        self._has_states = False
        self._built = set[str]()
        self._purged_at = dict[tuple[str, ...], float]()
        super().__init__(postgres_url, should_autocreate_tables)

    def has_instigators_table(self) -> bool:
        """Whether sensors and schedules have a table of their own."""
        return self._has_states or super().has_instigators_table()

    def _has_instigators_table(self, conn: Connection) -> bool:
        self._has_states = self._has_states or super()._has_instigators_table(conn)
        return self._has_states

    def has_built_index(self, migration_name: str) -> bool:
        """Whether a migration of data was made."""
        if migration_name not in self._built and super().has_built_index(migration_name):
            self._built.add(migration_name)
        return migration_name in self._built

    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Store the state of a sensor or schedule that has one: thrice a tick.

        Where the migration was made, nothing reads the table ``jobs`` any more, which Dagster goes on writing to.
        """
        if not (self.has_instigators_table() and self.has_built_index(SCHEDULE_JOBS_SELECTOR_ID)):
            return super().update_instigator_state(state)
        update = InstigatorsTable.update().where(InstigatorsTable.c.selector_id == state.selector_id)
        values = {
            "status": state.status.value,
            "instigator_type": state.instigator_type.value,
            "instigator_body": serialize_value(state),
            "update_timestamp": get_current_datetime(),
        }
        with self.connect() as connection:
            known = connection.execute(update.values(**values)).rowcount
        # Dagster's own says what is wrong with one that was never added.
        return state if known else super().update_instigator_state(state)

    def purge_ticks(
        self, origin_id: str, selector_id: str, before: float, tick_statuses: Sequence[TickStatus] | None = None
    ) -> None:
        """Delete ticks of a sensor or schedule older than ``before``, unless that was done a moment ago."""
        which = (selector_id, *sorted(status.value for status in tick_statuses or ()))
        now = time.monotonic()
        if now - self._purged_at.get(which, float("-inf")) >= _PURGED_EVERY_S:
            self._purged_at[which] = now
            super().purge_ticks(origin_id, selector_id, before, tick_statuses)
