"""Nothing new is entered while nobody is there to look after it."""

from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import ExecutionContext

GONE_S = 20.0
"""Wall seconds without a sign of life; whoever is watched gives one every five."""
VITAL = ("feed", "worker-trading")
"""Without the feed no fill is heard, without the worker no position is looked after."""


def gone(beats: Sequence[Heartbeat], watched_for_s: float) -> tuple[str, ...]:
    """Which vital components give no sign of life.

    :param watched_for_s: wall seconds since the watch began; what was silent before is given as long to come up.
    """
    ages = {beat.component: beat.age_s for beat in beats}
    return tuple(name for name in VITAL if min(ages.get(name, watched_for_s), watched_for_s) > GONE_S)


def dead_mans_switch(*, context: ExecutionContext, missing: Sequence[str]) -> bool:
    """Halt the account's entries while something vital is missing; end it afterwards. Repeating it changes nothing.

    :returns: whether entries are held back.
    :raises TemporaryVenueError: the venue does not tell the time; without it, no entry passes the gate either.
    """
    scope = HaltScope.of(context.account_id)
    if not missing:
        if context.halts.lift(scope, HaltKind.DEAD_MAN):
            context.notifier.notify(Severity.INFO, f"alive again: {scope}", "Entries go on by themselves.")
        return False
    reason = f"no sign of life from {' and '.join(missing)} for {GONE_S:.0f} s"
    if context.halts.halt(_halt(context, scope, reason, context.clock.now())):
        body = (
            f"{reason}. No entries until it is back; stops stay at the venue. `trading-pipeline status` and the logs "
            "say more."
        )
        context.notifier.notify(Severity.CRITICAL, f"dead-man's switch: {scope}", body)
    return True


def _halt(context: ExecutionContext, scope: HaltScope, reason: str, now: datetime) -> Halt:
    return Halt(scope, reason, now, run_id=context.run_id, kind=HaltKind.DEAD_MAN)
