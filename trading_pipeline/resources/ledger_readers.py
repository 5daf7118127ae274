"""What reads the ledger without an account: history, checks."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.ledger_books import PostgresLedgerBooks
from trading_pipeline.adapters.stores.execution.ledger_runs import PostgresLedgerRuns


@dataclass(frozen=True, slots=True)
class LedgerReaders:
    """On the connection pool of a run."""

    engine: Engine

    @property
    def runs(self) -> PostgresLedgerRuns:
        """Which runs the ledger's rows lead to."""
        return PostgresLedgerRuns(self.engine)

    @property
    def books(self) -> PostgresLedgerBooks:
        """What does not add up."""
        return PostgresLedgerBooks(self.engine)
