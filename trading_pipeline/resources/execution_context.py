"""The execution context of an account, built from settings for runs of Dagster and for the command line."""

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.reconciliation_log import PostgresReconciliationLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.adapters.venues.live_guard import acknowledge_live
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.resources.operator_alerts import kept_notifier
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.identify_account import identify_account
from trading_pipeline.settings import Settings


def build_execution_context(
    engine: Engine, venue: Venue, settings: Settings, limits: RiskLimits, run_id: str
) -> ExecutionContext:
    """Ask the venue for its instruments and put everything together.

    :raises ConfigurationError: no key, one that was used in another mode, or live mode without acknowledgement.
    :raises AccountTradedElsewhere: another running system trades the account.
    :raises TemporaryVenueError: the venue does not answer.
    """
    trading = venue.trading()
    # Before anything is read or written: real money needs somebody who wrote the account down.
    acknowledge_live(settings, trading)
    account_id = identify_account(register=PostgresAccountRegister(engine), venue=venue, mode=settings.mode)
    lease = AccountLease(engine, account_id, settings.instance_name, run_id)
    return ExecutionContext(
        run_id=run_id,
        account_id=account_id,
        ledger=PostgresLedger(lease.fenced, account_id, run_id),
        trading=trading,
        market=venue.live_market(),
        signals=PostgresSignalReader(engine),
        halts=PostgresHaltRegister(engine),
        differences=PostgresReconciliationLog(engine, account_id),
        notifier=kept_notifier(engine),
        clock=venue.clock(),
        limits=limits,
        instruments=venue.market_data().instruments(),
    )


def build_controls(engine: Engine) -> Controls:
    """What stops trading and records who did; asks no venue."""
    return Controls(PostgresHaltRegister(engine), PostgresCommandLog(engine), kept_notifier(engine))
