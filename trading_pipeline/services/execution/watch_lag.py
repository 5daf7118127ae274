"""Tell the operator once when closes take too long to become plans and orders, and once when they do no more."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.held import ProcessingLag
from trading_pipeline.domain.risk.limit_sections import LagLimits
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader, RiskEventLog
from trading_pipeline.services.execution.execution_context import ExecutionContext

PROCESSING_LAG = "processing_lag"
"""Rule of the event, as it stands in ``risk_events``; with a number where it begins, with none where it is over."""
_WINDOW = timedelta(minutes=5)
"""The slowest of so much wall time counts, so that one quick wave between slow ones ends nothing."""


def watch_lag(*, context: ExecutionContext, health: EntryHealthReader, events: RiskEventLog) -> None:
    """One event and one message where a lag begins, and where it ends; what was said last stands in the events."""
    # Read from the events and not kept in mind: every reconciliation is a run of its own.
    said, now = events.newest(PROCESSING_LAG), context.clock.now()
    standing = said is not None and said.value is not None
    seen = health.lag(_WINDOW)
    slow = list(_beyond(seen, context.limits.lag))
    if slow and not standing:
        sentences = "; ".join(one.sentence for one in slow)
        events.append(slow, now)
        body = f"{sentences}. Plans expire and prices go on meanwhile; look at the workers and at the run queue."
        context.notifier.notify(Severity.WARNING, "processing lags behind", body)
    elif standing and not slow:
        over = f"for five minutes no close took longer than {max(seen.plan_s, seen.order_s):.1f} s"
        events.append([Finding(PROCESSING_LAG, Action.WARN, over)], now)
        context.notifier.notify(Severity.INFO, "processing keeps up again", f"{over[0].upper()}{over[1:]}.")


def _beyond(seen: ProcessingLag, limits: LagLimits) -> Iterator[Finding]:
    for what, took, limit in (("plans", seen.plan_s, limits.plan_s), ("an order", seen.order_s, limits.order_s)):
        if limit and took > limit:
            sentence = f"a close became {what} after {took:.1f} s, the limit is {limit} s"
            yield Finding(PROCESSING_LAG, Action.WARN, sentence, took, Decimal(limit))
