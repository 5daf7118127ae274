"""Take back orders that have no use any more."""

from dataclasses import dataclass

from trading_pipeline.domain.model.orders import IntentRecord, IntentState
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.settle_orders import settle_order


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What was taken back.

    :param cancelled: link ids that are final now.
    :param problems: what the venue did not do.
    """

    cancelled: tuple[str, ...]
    problems: tuple[str, ...]


def cancel_leftovers(*, context: ExecutionContext) -> CancelResult:
    """Cancel reduce-only orders of positions that are closed or failed; those never sent expire."""
    cancelled: list[str] = []
    problems: list[str] = []
    for record in context.ledger.leftover_intents():
        link_id = record.intent.order_link_id
        try:
            state = cancel_order(context, record, "the position was closed before it was sent")
        # One order that cannot be taken back must not leave the others resting.
        except POSITION_TROUBLE as error:
            problems.append(f"{link_id}: {error}")
            continue
        if state.final:
            cancelled.append(link_id)
        else:
            problems.append(f"{link_id}: still {state} after the cancellation")
    return CancelResult(tuple(cancelled), tuple(problems))


def cancel_order(context: ExecutionContext, record: IntentRecord, reason: str) -> IntentState:
    """Cancel an order, or let it expire where it was never sent, for the ``reason``.

    :returns: what the venue says became of it.
    :raises VenueError: it is not known whether it still rests.
    """
    link_id = record.intent.order_link_id
    # Compare-and-set: it succeeds only for an intent that was never sent, and then nobody will send it any more.
    if context.ledger.advance(link_id, IntentState.EXPIRED, reason):
        return IntentState.EXPIRED
    context.trading.cancel(record.intent.instrument_id, link_id)
    # An acknowledged cancellation proves nothing: the order may have filled before it arrived.
    return settle_order(context, record)
