"""Nothing new is entered while nobody is there to look after it."""

from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext

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
    """Halt the account's entries and take back those that rest while something vital is missing; end it afterwards.

    Stops and take profits rest at the venue and are left alone. Repeating it changes nothing.

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
    # At every look and not with the halt alone: a run that was past the gate may have sent one since.
    _take_back_entries(context, reason)
    return True


def _halt(context: ExecutionContext, scope: HaltScope, reason: str, now: datetime) -> Halt:
    return Halt(scope, reason, now, run_id=context.run_id, kind=HaltKind.DEAD_MAN)


def _take_back_entries(context: ExecutionContext, reason: str) -> None:
    """Entries that rest would fill with nobody to follow them."""
    for record in context.ledger.open_intents():
        # Of an unsettled one nobody knows whether there is anything to take back; whoever settles it finds out.
        if record.intent.purpose is not Purpose.ENTRY or record.state.unsettled:
            continue
        try:
            cancel_order(context, record, reason)
        # Another one may be taken back all the same; this one is tried at the next look.
        except POSITION_TROUBLE as error:
            body = f"{error}. It is tried again; take it back at the venue if this repeats."
            context.notifier.notify(Severity.WARNING, f"entry still rests: {record.intent.order_link_id}", body)
