"""The second look at stops: whatever runs have done, is there one at the venue behind every position?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.positions import Position, VenuePosition
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.prove_stop import Protection, prove_stop

_EVERY_LOOKS = 15
"""Looks between two tries at a position that stays naked, so that it is not hammered and the operator not flooded."""


@dataclass(frozen=True, slots=True)
class Naked:
    """A position that was found without a live stop.

    :param since: venue time (UTC) of the first look that found it so.
    :param looks: how many in a row did.
    """

    since: datetime
    looks: int


def guard_positions(*, context: ExecutionContext, before: Mapping[InstrumentId, Naked]) -> dict[InstrumentId, Naked]:
    """Look once; what is naked at two looks in a row is told, and where it is ours its stop is set or it is closed.

    :param before: what the last look found.
    :returns: what is naked now.
    :raises TemporaryVenueError: the venue does not answer, so that nothing is known.
    """
    held = {one.instrument_id: one for one in context.trading.positions() if one.stop_loss is None}
    # Every second, and mostly nothing is: the time is another question to the venue.
    if not held:
        return {}
    now = context.clock.now()
    naked = {
        name: Naked(before[name].since, before[name].looks + 1) if name in before else Naked(now, 1) for name in held
    }
    for name, exposed in naked.items():
        # Once may be a fill that the venue has not put its stop to yet; a second later it is not.
        if exposed.looks % _EVERY_LOOKS == 2:
            _cover(context, held[name], exposed, now)
    return naked


def _cover(context: ExecutionContext, held: VenuePosition, exposed: Naked, now: datetime) -> None:
    ours = {one.instrument_id: one for one in context.ledger.live_positions()}.get(held.instrument_id)
    # A person who holds something without a stop in this account is told once; it is theirs.
    if ours is None and exposed.looks > 2:
        return
    length_s = (now - exposed.since).total_seconds()
    context.notifier.notify(
        Severity.CRITICAL,
        f"naked position: {held.instrument_id}",
        f"{held.quantity} on the {held.side} side have had no live stop for {length_s:.1f} s of venue time. "
        + (
            f"The stop {ours.stop_price} is set now." if ours else "No plan opened it: set a stop by hand, or close it."
        ),
    )
    if ours is not None:
        _protect(context, ours)


def _protect(context: ExecutionContext, ours: Position) -> None:
    try:
        # Without the lock that runs hold: one that hangs holds it for ever, and is what the second look is there for.
        # Both may set the same stop; orders that close have ids of their plan and reduce only.
        done = prove_stop(context=context, plan=context.ledger.plan(ours.plan_id), position=ours)
    except POSITION_TROUBLE as error:
        body = f"Plan {ours.plan_id}: {error}. It is tried again; set the stop {ours.stop_price} by hand meanwhile."
        context.notifier.notify(Severity.CRITICAL, f"stop not set: {ours.instrument_id}", body)
        return
    if done is Protection.CLOSED:
        context.notifier.notify(Severity.INFO, f"flat: {ours.instrument_id}", f"Plan {ours.plan_id} is closed.")
