"""Databases with the newest schema for one test after the other.

Copying a database takes a tenth of a second and as much of a processor, emptying one that was lent before
a tenth of that. One whose schema a test has changed is dropped, and nobody sees it again.
"""

import time
import uuid

from sqlalchemy import Engine, NullPool, create_engine, text

from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres

TEMPLATE = "template_trading"

_SCHEMA = text(
    """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'),
    parts AS (
        SELECT concat('class ', c.oid, relname, relacl, relhastriggers, reloptions) AS part
        FROM pg_class c JOIN ours ON relnamespace = ours.oid
        UNION ALL
        SELECT concat('column ', attrelid, attname, atttypid, attnotnull, attisdropped)
        FROM pg_attribute JOIN pg_class c ON attrelid = c.oid JOIN ours ON relnamespace = ours.oid
        UNION ALL SELECT concat('trigger ', oid, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat('constraint ', c.oid) FROM pg_constraint c JOIN ours ON connamespace = ours.oid
        UNION ALL SELECT concat('function ', p.oid, md5(prosrc)) FROM pg_proc p JOIN ours ON pronamespace = ours.oid
        UNION ALL SELECT concat('version ', version_num) FROM trading.alembic_version
    )
    SELECT md5(string_agg(part, ',' ORDER BY part)) FROM parts
    """
)

_EMPTY = text(
    """
    DO $$
    DECLARE one record;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- rows that may only be added are gone, too
        FOR one IN
            SELECT oid::regclass AS name, pg_relation_size(oid) AS bytes FROM pg_class
            WHERE relnamespace = 'trading'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        LOOP
            IF one.bytes > 200000 THEN
                EXECUTE format('TRUNCATE %s CASCADE', one.name);
            ELSIF one.bytes > 0 THEN
                EXECUTE format('DELETE FROM %s', one.name);
            END IF;
        END LOOP;
        PERFORM setval(format('%I.%I', schemaname, sequencename), start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
    END $$
    """
)


def empty(engine: Engine) -> None:
    """Delete every row, of tables that may only be added to as well."""
    with engine.begin() as connection:
        connection.execute(_EMPTY)


class Databases:
    """Lends databases of one server, each under a name that was never used before."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._admin = create_engine(server.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
        self._clean: list[str] = []
        template = create_engine(server.url(TEMPLATE, "psycopg"), poolclass=NullPool)
        with template.connect() as connection:
            self._schema = connection.execute(_SCHEMA).scalar_one()

    def lend(self) -> str:
        """The name of an empty database."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        with self._admin.connect() as connection:
            if self._clean:
                connection.execute(text(f"ALTER DATABASE {self._clean.pop()} RENAME TO {name}"))
            else:
                # files copied whole: half the time of writing each block to the log as well
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"))
        return name

    def take_back(self, name: str) -> None:
        """End whoever is connected, and empty it for the next."""
        leave = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        with self._admin.connect() as connection:
            connection.execute(leave, {"name": name})
            if self._emptied(name):
                self._clean.append(name)
            else:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    def close(self) -> None:
        """Leave the server."""
        self._admin.dispose()

    def _emptied(self, name: str) -> bool:
        """Whether the database has the schema it was lent with, and no rows now."""
        engine = create_engine(self._server.url(name, "psycopg"), poolclass=NullPool)
        with engine.begin() as connection:
            same = connection.execute(_SCHEMA).scalar_one() == self._schema
            if same:
                connection.execute(_EMPTY)
        return same


def until_somebody_waits(database: Engine) -> None:
    """Until a transaction of this database waits for the end of another."""
    query = text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = :name"
    )
    deadline = time.monotonic() + 20
    while True:
        with database.connect() as connection:
            if connection.execute(query, {"name": database.url.database}).scalar_one():
                return
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)
