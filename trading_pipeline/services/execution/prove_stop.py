"""A live stop at the venue, or no position."""

from enum import StrEnum

from trading_pipeline.domain.model.errors import (
    OrderRejectedByVenue,
    StopPassed,
    TradingForbiddenByVenue,
    TurnedAway,
    VenueError,
)
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, VenuePosition
from trading_pipeline.domain.portfolio.stops import tighter
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.close_position import close_position, venue_position
from trading_pipeline.services.execution.execution_context import ExecutionContext


class Protection(StrEnum):
    """How a position stands: ``NOT_FILLED`` has nothing to protect yet, ``CLOSED`` nothing any more."""

    NOT_FILLED = "not_filled"
    LIVE_STOP = "live_stop"
    REPAIRED_STOP = "repaired_stop"
    CLOSED = "closed"
    CLOSING_FAILED = "closing_failed"


def prove_stop(*, context: ExecutionContext, plan: TradePlan, position: Position) -> Protection:
    """Look whether the venue's stop is the position's or a tighter one, and set it where it is not, again and again.

    :raises TemporaryVenueError: the venue does not answer, so that nothing can be proved.
    :raises VenueError: the stop could not be set, for a reason that may pass.
    """
    held = venue_position(context, plan)
    if held is None:  # closed between two questions
        return Protection.CLOSED
    if _stands(held, position):
        # The venue's stop is tighter than ours where a run died
        # between moving and remembering: it is kept, never loosened.
        if held.stop_loss is not None and held.stop_loss != position.stop_price:
            context.ledger.set_stop(position.position_id, held.stop_loss, None)
        return Protection.LIVE_STOP
    problem: VenueError | None = None
    for left in context.retries.rounds():
        problem = _set_stop(context, position)
        # Whatever the answer was, the venue is looked at again: a lost answer may hide a success.
        held = venue_position(context, plan)
        if held is None:
            return Protection.CLOSED
        if _stands(held, position):
            return _repaired(context, plan, position)
        if isinstance(problem, OrderRejectedByVenue | TradingForbiddenByVenue):
            break
        if left:
            context.retries.rest(problem.retry_after_s if isinstance(problem, TurnedAway) else None)
    return _without_stop(context, plan, position, held, problem)


def _stands(held: VenuePosition, position: Position) -> bool:
    """Whether the venue's stop is the ledger's or a tighter one."""
    bias = position.bias
    return held.stop_loss is not None and tighter(bias, held.stop_loss, position.stop_price) == held.stop_loss


def _set_stop(context: ExecutionContext, position: Position) -> VenueError | None:
    """Try to set the stop; what went wrong."""
    try:
        context.trading.set_stop_loss(position.instrument_id, position.stop_price)
    except VenueError as error:
        return error
    return None


def _repaired(context: ExecutionContext, plan: TradePlan, position: Position) -> Protection:
    context.notifier.notify(
        Severity.WARNING,
        f"stop repaired: {plan.instrument_id}",
        f"The stop of plan {plan.plan_id} was missing or too loose; it is at {position.stop_price} now.",
    )
    return Protection.REPAIRED_STOP


def _without_stop(
    context: ExecutionContext, plan: TradePlan, position: Position, held: VenuePosition, problem: VenueError | None
) -> Protection:
    """Leave at market where the venue will not have the stop; where it did not look, that is no reason to leave.

    :raises VenueError: the stop could not be set now; it is tried again.
    """
    refused = problem is None or isinstance(problem, OrderRejectedByVenue)
    looser = held.stop_loss is not None and not isinstance(problem, StopPassed)
    if problem is not None and (looser or not refused):
        raise problem
    context.notifier.notify(
        Severity.CRITICAL,
        f"no stop: {plan.instrument_id}",
        f"Plan {plan.plan_id} is filled, its stop {position.stop_price} cannot be set: "
        f"{problem or 'it was accepted and is not there'}. Closing at market.",
    )
    flat = close_position(context=context, plan=plan, purpose=Purpose.EXIT)
    return Protection.CLOSED if flat else Protection.CLOSING_FAILED
