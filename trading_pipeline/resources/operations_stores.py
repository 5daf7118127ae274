"""What keeps the system going: work that waits, signs of life, and the runs that rows lead to."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_books import PostgresLedgerBooks
from trading_pipeline.adapters.stores.execution.ledger_runs import PostgresLedgerRuns
from trading_pipeline.adapters.stores.execution.work_queue import WorkQueue
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.operations.limit_changes import PostgresLimitChanges
from trading_pipeline.adapters.stores.operations.notification_log import NotificationLog


@dataclass(frozen=True, slots=True)
class OperationsStores:
    """The stores of operations on the connection pool of a run or a tick."""

    engine: Engine

    @property
    def work(self) -> WorkQueue:
        """What waits for a run."""
        return WorkQueue(self.engine)

    @property
    def heartbeats(self) -> PostgresHeartbeatStore:
        """Signs of life of the feed."""
        return PostgresHeartbeatStore(self.engine)

    @property
    def ledger_runs(self) -> PostgresLedgerRuns:
        """Which runs the ledger's rows lead to."""
        return PostgresLedgerRuns(self.engine)

    @property
    def ledger_books(self) -> PostgresLedgerBooks:
        """What does not add up in the ledger."""
        return PostgresLedgerBooks(self.engine)

    @property
    def limit_changes(self) -> PostgresLimitChanges:
        """Limits that people changed while everything ran."""
        return PostgresLimitChanges(self.engine)

    @property
    def alerts(self) -> NotificationLog:
        """What the operator was told."""
        return NotificationLog(self.engine)
