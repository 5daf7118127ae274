"""Dagster's PostgreSQL storage with connections that are kept.

Outside the webserver Dagster opens a connection for every statement. A wave makes some fifty events of
several statements each: 363 connections, measured, at 2.1 ms of server time apiece, more than all of the
wave's computing. See docs/decisions/0008. Its statements do not wait for the disk either: docs/decisions/0116.
"""

import os
from functools import cache

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Engine, create_engine, make_url

from trading_pipeline.adapters.stores.postgres.database import pinged_after_rest
from trading_pipeline.runtime.dagster.partition_versions import PartitionVersionEventLog
from trading_pipeline.runtime.dagster.remembered_schema import DRIVER
from trading_pipeline.runtime.dagster.sparing_schedules import SparingSchedules

_KEPT = 4
_MOST_BEYOND = 16
_RECYCLE_S = 1_800


class PooledPostgresStorage(DagsterPostgresStorage):
    """Configured as ``storage: custom:`` in dagster.yaml, with the same ``postgres_url``."""

    def __init__(
        self, postgres_url: str, should_autocreate_tables: bool = True, inst_data: ConfigurableClassData | None = None
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data)
        self._event_log_storage = PartitionVersionEventLog(postgres_url, should_autocreate_tables)
        self._schedule_storage = SparingSchedules(postgres_url, should_autocreate_tables)
        engine = _engine_of_process(postgres_url, os.getpid())
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, object]
    ) -> "PooledPostgresStorage":
        """Build from dagster.yaml."""
        autocreate = bool(config_value.get("should_autocreate_tables", True))
        return cls(pg_url_from_config(config_value), autocreate, inst_data)


def create_tables(url: str) -> None:
    """Make Dagster's tables where they are missing.

    Done once, before anything starts: instances that find none each make them, and two that do so at
    the same time fail. It also spares every run and every tick the look at what is there.
    """
    PooledPostgresStorage(url, should_autocreate_tables=True)


@cache
def _engine_of_process(url: str, process_id: int) -> Engine:  # noqa: ARG001
    """One pool for all instances of a process: every run and every tick makes an instance of its own.

    :param process_id: a forked worker must not use the connections of its parent.
    """
    address = make_url(url).set(drivername=DRIVER)
    return pinged_after_rest(
        create_engine(
            address,
            # What an address says itself stays.
            connect_args={"options": f"{address.query.get('options', '')} -c synchronous_commit=off".strip()},
            # Dagster's own engines have it, and this one stands in for them.
            isolation_level="AUTOCOMMIT",
            pool_size=_KEPT,
            max_overflow=_MOST_BEYOND,
            # The one that was used last: taken in turn, each has rested by then and is tried before it is used.
            pool_use_lifo=True,
            pool_recycle=_RECYCLE_S,
        )
    )
