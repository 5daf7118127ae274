"""Leave a position as a whole, whoever ordered it, and take back what could open it again."""

from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.settle_orders import await_order

_LIVE = (PositionStatus.OPENING, PositionStatus.OPEN)
_WHY = {
    Purpose.OPERATOR_EXIT: "an operator closes the position",
    Purpose.CIRCUIT_EXIT: "the circuit breaker closes the position",
    Purpose.UPGRADE_EXIT: "a longer timeframe takes the position's place",
}


def leave_position(*, context: ExecutionContext, plan: TradePlan, purpose: Purpose) -> bool:
    """Take back entries under way, then close what the venue holds with reduce-only market orders.

    Holds the position, so that of two callers the second finds nothing to do. Killed anywhere it may be called again:
    an order of which the outcome is not known is looked up, the next one written only when it has ended.

    :param plan: the one that opened the position.
    :param purpose: ``OPERATOR_EXIT``, ``CIRCUIT_EXIT`` or ``UPGRADE_EXIT``.
    :returns: whether the venue is flat and no entry can fill any more.
    :raises VenueError: it is not known what became of an order; doing it again is harmless.
    """
    with context.ledger.holding(plan.plan_id):
        position = context.ledger.position_of(plan.plan_id)
        if position is None or position.status not in _LIVE:
            return True
        # Entries first: one that fills after the close would open the position again.
        ended = [_ended(context, entry, _WHY[purpose]) for entry in context.ledger.entries_of(position.position_id)]
        flat = close_position(context=context, plan=plan, purpose=purpose)
    return flat and all(entry.state.final for entry in ended)


def _ended(context: ExecutionContext, entry: IntentRecord, why: str) -> IntentRecord:
    """The entry after it was taken back, or found to have filled; no other order follows it."""
    # Also of one that has ended: the order after it may not be written yet.
    if entry.intent.continues:
        context.ledger.continue_entry(entry.intent.order_link_id, None)
    if entry.state.final:
        return entry
    cancel_order(context, entry, why)
    return await_order(context, entry.intent.order_link_id, final=True)
