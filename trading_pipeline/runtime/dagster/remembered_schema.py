"""PostgreSQL's dialect for Dagster's own tables, which asks what they look like once per process.

Dagster asks for the columns of ``runs`` whenever it reads or ends a run and for a table of tags at every
materialisation: a quarter of a run's statements, and by far its slowest. Its schema changes by a migration alone,
after which every process starts anew.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine.interfaces import ReflectedColumn

DRIVER = "postgresql+psycopg2_remembered"
registry.register("postgresql.psycopg2_remembered", __name__, "RememberedSchema")


class RememberedSchema(PGDialect_psycopg2):
    """One instance per engine, so what it remembers is of one database."""

    supports_statement_cache = True

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._tables: set[str] = set()
        self._columns: dict[str, list[ReflectedColumn]] = {}

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **more: Any) -> bool:
        """Whether the table exists; one that is missing is looked for again."""
        if schema is not None:
            return bool(super().has_table(connection, table_name, schema, **more))
        # Only what is there is remembered: a table that a migration is about to make has to be found afterwards.
        if table_name not in self._tables and super().has_table(connection, table_name, **more):
            self._tables.add(table_name)
        return table_name in self._tables

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **more: Any
    ) -> list[ReflectedColumn]:
        """The columns as they were when they were first asked for."""
        # Dagster's own tables are asked for without a schema; what names one is somebody else's question.
        if schema is None and table_name in self._columns:
            return self._columns[table_name]
        found: list[ReflectedColumn] = super().get_columns(connection, table_name, schema, **more)
        if schema is None:
            self._columns[table_name] = found
        return found
