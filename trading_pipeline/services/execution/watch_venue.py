"""The account pauses by itself while the venue refuses, loses or delays its entries, and goes on by itself."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.held import EntryHealth
from trading_pipeline.domain.risk.limit_sections import PauseLimits
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader, RiskEventLog
from trading_pipeline.services.execution.execution_context import ExecutionContext

_WINDOW = timedelta(minutes=5)


def watch_venue(*, context: ExecutionContext, health: EntryHealthReader, events: RiskEventLog) -> None:
    """Pause entries at the limits, resume them below the lower ones; a halt that a person set is not touched."""
    limits, scope = context.limits.pause, HaltScope.of(context.account_id)
    paused = any(halt.kind is HaltKind.PAUSE and halt.scope == scope for halt in context.halts.halts())
    # An account that is paused is looked at even with both limits off, or nothing would ever end the pause.
    if not paused and not limits.error_rate and not limits.latency_ms:
        return
    seen, now = health.of_entries(_WINDOW), context.clock.now()
    if paused:
        # Two thresholds apart, or an account at its limit would pause and resume by turns.
        if seen.error_rate <= limits.resume_error_rate and seen.latency_ms <= limits.resume_latency_ms:
            context.halts.lift(scope, HaltKind.PAUSE)
            events.append([Finding("pause", Action.WARN, f"entries go on: {seen}")], now)
            context.notifier.notify(Severity.INFO, f"resumed: {scope}", f"Entries go on by themselves: {seen}.")
        return
    finding = _breach(seen, limits)
    if finding is not None:
        context.halts.halt(Halt(scope, finding.sentence, now, run_id=context.run_id, kind=HaltKind.PAUSE))
        events.append([finding], now)
        body = f"{finding.sentence}. Entries go on by themselves when the venue is well again."
        context.notifier.notify(Severity.WARNING, f"paused: {scope}", body)


def _breach(seen: EntryHealth, limits: PauseLimits) -> Finding | None:
    if limits.error_rate and seen.error_rate >= limits.error_rate:
        sentence = f"{seen}; the limit is {limits.error_rate:.0%} failed"
        return Finding("pause", Action.DENY, sentence, seen.error_rate, limits.error_rate)
    if limits.latency_ms and seen.latency_ms >= limits.latency_ms:
        sentence = f"{seen}; the limit is {limits.latency_ms} ms"
        return Finding("pause", Action.DENY, sentence, seen.latency_ms, Decimal(limits.latency_ms))
    return None
