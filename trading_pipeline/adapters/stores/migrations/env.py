"""Alembic's entry: runs revisions on the engine handed over by ``migration.migrate``."""

from alembic import context
from sqlalchemy import Engine, text

engine: Engine = context.config.attributes["engine"]

with engine.connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS trading"))
    connection.commit()
    context.configure(connection=connection, version_table_schema="trading", include_schemas=True)
    with context.begin_transaction():
        # two processes that start together must not migrate together
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('trading_pipeline.migrate'))"))
        context.run_migrations()
