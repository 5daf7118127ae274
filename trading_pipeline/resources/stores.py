"""The database, for the length of one run or one sensor tick."""

import os
from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field, PrivateAttr
from sqlalchemy import Engine, Table

from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.market_data.resident_bars import ResidentBarStore, kept_windows
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.adapters.stores.postgres.database import kept_engine
from trading_pipeline.adapters.stores.postgres.partition_contents import PartitionContents, partition_contents
from trading_pipeline.adapters.stores.strategy.plan_store import PostgresPlanStore
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.adapters.stores.strategy.snapshot_store import PostgresSnapshotStore
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.partitions import PartitionRange, WaveScopes
from trading_pipeline.resources.condition_stores import ConditionStores
from trading_pipeline.resources.operations_stores import OperationsStores
from trading_pipeline.resources.research_stores import ResearchStores


class Stores(dg.ConfigurableResource["Stores"]):
    """The stores between bars and plans, on one connection pool."""

    database_url: str = Field(description="SQLAlchemy address of the database `trading`")
    _engine: Engine = PrivateAttr()
    _run_id: str = PrivateAttr("")
    _bars: ResidentBarStore = PrivateAttr()
    _wave_scopes: WaveScopes = PrivateAttr(default_factory=dict)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator["Stores", None, None]:
        """Take the pool of the process.

        :raises ConfigurationError: there is no database.
        """
        if not self.database_url:
            raise ConfigurationError(
                "no system runs in the state folder and DATABASE_URL is unset; start one with `trading-pipeline up` "
                "and load the definitions anew, work on one of your own with `make dev`, or set DATABASE_URL"
            )
        self._engine = kept_engine(self.database_url, os.getpid())
        # A sensor tick has no run: what it writes is written in nobody's name.
        self._run_id = context.run.run_id if context.run else ""
        self._bars = ResidentBarStore(self._engine, self._run_id, kept_windows(self.database_url))
        self._wave_scopes = {}
        yield self

    @property
    def engine(self) -> Engine:
        """The pool itself, for stores of other resources."""
        return self._engine

    @property
    def bars(self) -> ResidentBarStore:
        """Raw and consolidated bars."""
        return self._bars

    @property
    def history(self) -> PostgresBulkBarStore:
        """Many bars at once."""
        return PostgresBulkBarStore(self._engine, self._run_id)

    @property
    def wave_scopes(self) -> WaveScopes:
        """What the run of a wave computes of each timeframe, once it has been found out."""
        return self._wave_scopes

    @property
    def books(self) -> PostgresBookSampleStore:
        """What the order book said at closes."""
        return PostgresBookSampleStore(self._engine)

    @property
    def checks(self) -> PostgresCheckStore:
        """Verdicts per bar."""
        return PostgresCheckStore(self._engine, self._run_id)

    @property
    def snapshots(self) -> PostgresSnapshotStore:
        """Indicator snapshots."""
        return PostgresSnapshotStore(self._engine, self._run_id)

    @property
    def signals(self) -> PostgresSignalStore:
        """Signals."""
        return PostgresSignalStore(self._engine, self._run_id)

    @property
    def plans(self) -> PostgresPlanStore:
        """Trade plans as they are planned."""
        return PostgresPlanStore(self._engine)

    @property
    def waves(self) -> PostgresWaveStore:
        """Closing instants heard and computed."""
        return PostgresWaveStore(self._engine)

    def contents(self, table: Table, scope: PartitionRange) -> PartitionContents:
        """What ``table`` holds of each partition of the range."""
        return partition_contents(self._engine, table, scope)

    @property
    def operations(self) -> OperationsStores:
        """What waits for a run, who lives, and which runs rows lead to."""
        return OperationsStores(self._engine)

    @property
    def conditions(self) -> ConditionStores:
        """What stands between bars."""
        return ConditionStores(self._engine, self._run_id)

    @property
    def research(self) -> ResearchStores:
        """Backtests, calibrations and the history of trades."""
        return ResearchStores(self._engine)
