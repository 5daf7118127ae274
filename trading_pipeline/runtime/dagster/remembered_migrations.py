"""Dagster's storage of sensors and schedules, which asks once whether a migration was made.

Dagster asks for the names of all tables and for a migration before every statement about a sensor or a schedule, as its
storage of runs does not: eleven questions a second, a third of all statements of a system in which nothing happens.
See docs/decisions/0128.
"""

from dagster_postgres import PostgresScheduleStorage
from sqlalchemy import Connection


class RememberedMigrations(PostgresScheduleStorage):
    """Remembers what there is and looks again for what is missing: a migration may be about to make it."""

    def __init__(self, postgres_url: str, should_autocreate_tables: bool = True) -> None:
        # Before Dagster's own part, which asks already where it makes the tables.
        self._has_states = False
        self._built = set[str]()
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
