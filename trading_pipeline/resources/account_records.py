"""What the gate and the account's watch read and write, for one account and one run."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.domain.model.identity import AccountId


@dataclass(frozen=True, slots=True)
class AccountRecords:
    """Stores of one account on the pool of a run."""

    engine: Engine
    account_id: AccountId
    run_id: str
    instance: str

    @property
    def gate(self) -> PostgresEntryGate:
        """The one door to a new position."""
        # Taken with the gate: a system that lost the account must not admit what it can no longer send.
        lease = AccountLease(self.engine, self.account_id, self.instance, self.run_id)
        return PostgresEntryGate(lease.fenced, self.account_id)

    @property
    def equity(self) -> PostgresEquityLog:
        """Readings of the account's money."""
        return PostgresEquityLog(self.engine, self.account_id, self.run_id)

    @property
    def risk_events(self) -> PostgresRiskEventLog:
        """What the account's watch decided."""
        return PostgresRiskEventLog(self.engine, self.account_id, self.run_id)

    @property
    def entry_health(self) -> PostgresEntryHealthReader:
        """How the venue treats entries."""
        return PostgresEntryHealthReader(self.engine, self.account_id)

    @property
    def indicators(self) -> PostgresIndicatorReader:
        """Stored indicators, for trailing stops."""
        return PostgresIndicatorReader(self.engine)
