"""The account's circuit breaker: opened by the day's deepest fall of equity, closed by the end of the UTC day."""

from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.circuit import DayFall, deepest_fall
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EquityLog, RiskEventLog
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.halt_trading import end_halts
from trading_pipeline.services.execution.leave_by_operator import carry_on_leaving

_WHAT = {
    HaltKind.CIRCUIT_SOFT: "no entries until the UTC day ends; positions are kept",
    HaltKind.CIRCUIT_HARD: "everything is closed, and no entries until the UTC day ends",
}


def watch_circuit(*, context: ExecutionContext, equity: EquityLog, events: RiskEventLog) -> dict[str, str]:
    """Open the breaker where the day's lowest equity says so, and close everything where it is the hard one.

    What has opened stays so for the day, whatever equity does, and a process that restarts finds it. What is not
    flat after this is tried again by every reconciliation.

    :returns: instrument to what became of its position, empty unless the hard breaker opened just now.
    """
    now = context.clock.now()
    end_halts(halts=context.halts, notifier=context.notifier, account_id=context.account_id, now=now)
    limits, fall = context.limits.circuit, _fall(context, equity, now)
    if fall is None:
        return {}
    # The hard one first: the operator is told the worse of the two before the other.
    hard = _open(context, events, fall, HaltKind.CIRCUIT_HARD, limits.hard, now)
    _open(context, events, fall, HaltKind.CIRCUIT_SOFT, limits.soft, now)
    return carry_on_leaving(context=context) if hard else {}


def _fall(context: ExecutionContext, equity: EquityLog, now: datetime) -> DayFall | None:
    first = equity.first_since(day_of(now))
    # Without a reading there is nothing to measure; the gate's own rules deny then.
    if first is None:
        return None
    # Coins that an account happens to hold move by themselves and say nothing about its trades.
    settled_in = {instrument.settlement_currency for instrument in context.instruments.values()}
    return deepest_fall(first.balances, equity.lowest_since(day_of(now)), settled_in)


def _open(
    context: ExecutionContext, events: RiskEventLog, fall: DayFall, kind: HaltKind, limit: Decimal, now: datetime
) -> bool:
    """Whether the breaker opened just now."""
    if not limit or fall.share < limit:
        return False
    sentence = (
        f"equity was {fall.lowest:.2f} {fall.currency}, {fall.share:.2%} below the {fall.start:.2f} that the UTC day "
        f"began with; the limit is {limit:.2%}"
    )
    hard = kind is HaltKind.CIRCUIT_HARD
    ends = day_of(now) + timedelta(days=1)
    halt = Halt(HaltScope.of(context.account_id), sentence, now, hard, context.run_id, kind, ends)
    if not context.halts.halt(halt):
        return False
    events.append([Finding(kind, Action.DENY, sentence, fall.share, limit)], now)
    severity = Severity.CRITICAL if hard else Severity.WARNING
    context.notifier.notify(severity, f"circuit breaker of {context.account_id}", f"{sentence}. {_WHAT[kind]}.")
    return True
