"""Stop new entries, and let them go on."""

from datetime import datetime

from trading_pipeline.domain.model.halts import ALL, Halt, HaltScope
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.ports.notifications import Notifier, Severity
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister


def halt_trading(*, halts: HaltRegister, notifier: Notifier, halt: Halt) -> bool:
    """Let no new position be entered in the halt's scope until somebody resumes; protection goes on.

    :returns: whether the halt is new; only a new one is announced.
    """
    new = halts.halt(halt)
    if new:
        body = f"{halt.reason}. No new entries until it is resumed by hand."
        notifier.notify(Severity.CRITICAL, f"halted: {halt.scope}", body)
    return new


def resume_trading(*, halts: HaltRegister, notifier: Notifier, scope: HaltScope = ALL) -> bool:
    """Lift the halt of ``scope``; halts of other scopes stand.

    :returns: whether one stood.
    """
    lifted = halts.lift(scope)
    if lifted:
        notifier.notify(Severity.INFO, f"resumed: {scope}", "New entries are allowed again.")
    return lifted


def end_halts(*, halts: HaltRegister, notifier: Notifier, account_id: AccountId, now: datetime) -> None:
    """Remove what the account set for itself until an instant that has come, and say so.

    Asked before entries are decided, so that the first wave of a day is not held back by the day before.

    :param now: venue time, UTC.
    """
    for halt in halts.end(account_id, now):
        notifier.notify(Severity.INFO, f"over: {halt.kind} of {halt.scope}", "New entries are allowed again.")
