"""Migrations and connections."""

import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.postgres.access_tables import users
from trading_pipeline.adapters.stores.postgres.condition_tables import tickers
from trading_pipeline.adapters.stores.postgres.database import connect, ensure_database, repeatable
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.adapters.stores.postgres.operations_tables import notifications
from trading_pipeline.adapters.stores.postgres.research_tables import setups
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline_tests.architecture.source_tree import PACKAGE


def test_migrating_twice_changes_nothing(database_url: str, database: Engine) -> None:
    migrate(database_url)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trading.alembic_version")).scalar() == 1


def test_migrations_and_tables_describe_the_same_schema(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table_schema": "trading",
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == "trading",
            },
        )
        # every module of tables adds its own to the one metadata
        assert setups.metadata is tickers.metadata is users.metadata is notifications.metadata
        assert compare_metadata(context, users.metadata) == []


def test_sessions_speak_utc(database: Engine) -> None:
    with database.connect() as connection:
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match=r"trader:\*\*\*@127.0.0.1:1/trading cannot be reached") as caught:
        ensure_database("postgresql://trader:hunter2@127.0.0.1:1/trading")
    assert "hunter2" not in str(caught.value)


def test_a_stale_connection_is_replaced_before_use(database_url: str) -> None:
    kept, other = connect(database_url), connect(database_url)
    with kept.connect() as connection:
        forgotten = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with other.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": forgotten})
    time.sleep(1.1)
    with kept.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() != forgotten
    kept.dispose()
    other.dispose()


def test_only_a_repeatable_transaction_leaves_the_disk_behind(database: Engine) -> None:
    setting = text("SHOW synchronous_commit")
    with database.begin() as connection:
        connection.execute(text("SET synchronous_commit = on"))
        session = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with repeatable(database) as connection:
        assert connection.execute(setting).scalar() == "off"
    with database.begin() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar() == session
        assert connection.execute(setting).scalar() == "on"


def test_orders_fills_and_the_mark_of_a_wave_wait_for_the_disk() -> None:
    hurried = {path.stem for path in PACKAGE.rglob("*.py") if "repeatable(" in path.read_text()}
    assert hurried == {"database", "bar_store", "bulk_bar_store", "check_store", "snapshot_store", "signal_store"}
