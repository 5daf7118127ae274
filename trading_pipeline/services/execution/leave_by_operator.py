"""Leave a position because a person says so, and go on with it until it is flat."""

from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_leftovers, cancel_order
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.settle_orders import await_order

_LIVE = (PositionStatus.OPENING, PositionStatus.OPEN)


def leave_by_operator(*, context: ExecutionContext, plan: TradePlan) -> bool:
    """Take back entries under way, then close what the venue holds with reduce-only market orders.

    Holds the position, so that of two callers the second finds nothing to do. Killed anywhere it may be called again:
    an order of which the outcome is not known is looked up, the next one written only when it has ended.

    :param plan: the one that opened the position.
    :returns: whether the venue is flat and no entry can fill any more.
    :raises VenueError: it is not known what became of an order; doing it again is harmless.
    """
    with context.ledger.holding(plan.plan_id):
        position = context.ledger.position_of(plan.plan_id)
        if position is None or position.status not in _LIVE:
            return True
        # Entries first: one that fills after the close would open the position again.
        ended = [_ended(context, entry) for entry in context.ledger.entries_of(position.position_id)]
        flat = close_position(context=context, plan=plan, purpose=Purpose.OPERATOR_EXIT)
    return flat and all(entry.state.final for entry in ended)


def carry_on_leaving(*, context: ExecutionContext) -> dict[str, str]:
    """Close every position that a halt flattens or whose closing an operator's run began and did not finish.

    One position's trouble does not keep the others waiting; it is tried again by the next call.

    :returns: instrument to what became of its position.
    """
    flattening = [halt for halt in context.halts.halts() if halt.flatten]
    due = [
        position
        for position in context.ledger.live_positions()
        if any(halt.scope.covers(position.account_id, position.instrument_id) for halt in flattening)
        or _begun(context, position)
    ]
    left = {str(position.instrument_id): _leave(context, position) for position in due}
    cancel_leftovers(context=context)  # of those, too, that a run closed before it was killed
    return left


def _ended(context: ExecutionContext, entry: IntentRecord) -> IntentRecord:
    """The entry after it was taken back, or found to have filled."""
    if entry.state.final:
        return entry
    cancel_order(context, entry, "an operator closes the position")
    return await_order(context, entry.intent.order_link_id, final=True)


def _begun(context: ExecutionContext, position: Position) -> bool:
    return any(one.intent.purpose is Purpose.OPERATOR_EXIT for one in context.ledger.intents_of(position.plan_id))


def _leave(context: ExecutionContext, position: Position) -> str:
    try:
        flat = leave_by_operator(context=context, plan=context.ledger.plan(position.plan_id))
    except POSITION_TROUBLE as error:
        context.notifier.notify(
            Severity.CRITICAL,
            f"cannot close {position.instrument_id}",
            f"Plan {position.plan_id}: {error}. It is tried again; close it at the venue if this repeats.",
        )
        return f"venue: {error}"
    return "closed" if flat else "closing failed"
