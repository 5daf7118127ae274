"""A person takes back one order of ours that rests."""

from trading_pipeline.domain.model.commands import OperatorCommand
from trading_pipeline.domain.model.errors import OrderDenied, VenueError
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, IntentState, OrderType, Purpose
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.close_by_operator import OpenContext
from trading_pipeline.services.execution.controls import Controls, recorded
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_position
from trading_pipeline.services.execution.settle_orders import await_order

_CANCELLABLE = (Purpose.ENTRY, *TAKE_PROFITS)
_GONE = (IntentState.CANCELLED, IntentState.EXPIRED, IntentState.ABSENT)


def cancel_by_operator(
    *, open_context: OpenContext, controls: Controls, command: OperatorCommand, order_link_id: str
) -> str:
    """Cancel a limit entry or a target, let nothing follow it, and look after the position as it is then.

    What it filled before it was gone stays, with its stop. Twice is once.

    :param open_context: the account.
    :returns: what became of the order, in a sentence.
    :raises ConfigurationError: the command gives no reason, or no such order is stored.
    :raises OrderDenied: it is not one that a person may take back, or it has filled.
    :raises VenueError: it may still rest; doing it again is harmless.
    """
    command.require_reason()
    with recorded(controls.commands, command, f"cancel order {order_link_id}") as done:
        context = open_context()
        record = context.ledger.intent(order_link_id)
        require_cancellable(record, context.account_id)
        opening = record.position_id or record.intent.plan_id
        with context.ledger.holding(opening):
            ended = _ended(context, context.ledger.intent(order_link_id))
            done.append(f"order {order_link_id} is {ended.state}, {ended.filled_quantity:f} of it filled")
            # The rest of the position goes by what is left: its targets by what was filled, its stop by the targets.
            follow_position(context=context, plan=context.ledger.plan(opening))
        if record.intent.purpose is Purpose.ENTRY:
            context.ledger.finish(record.intent.plan_id)
    return done[-1]


def require_cancellable(record: IntentRecord, account_id: AccountId | None = None) -> None:
    """Insist on a limit order that adds to a position or takes a profit.

    Stops are no orders here: the venue keeps them with the position, and they are moved, never cancelled.

    :param account_id: whose it has to be; ``None`` for anybody's.
    :raises OrderDenied: it is another order, or it has filled.
    """
    intent, link_id = record.intent, record.intent.order_link_id
    if account_id not in (None, intent.account_id):
        raise OrderDenied("cancel", f"{link_id} is an order of {intent.account_id}, not of {account_id}")
    if intent.purpose not in _CANCELLABLE:
        raise OrderDenied("cancel", f"{link_id} leaves a position ({intent.purpose.name.lower()}) and is seen through")
    if intent.order_type is not OrderType.LIMIT:
        raise OrderDenied("cancel", f"{link_id} is a market order, which does not rest")
    if record.state.final and record.state not in _GONE:
        raise OrderDenied("cancel", f"{link_id} is {record.state} already")


def _ended(context: ExecutionContext, record: IntentRecord) -> IntentRecord:
    """The order at its end.

    :raises VenueError: the venue does not tell of its end.
    """
    link_id = record.intent.order_link_id
    if record.intent.purpose is Purpose.ENTRY:
        # First, and of one that has ended, too: its end would be taken for the turn of the next order.
        context.ledger.continue_entry(link_id, None)
    if not record.state.final:
        cancel_order(context, record, "an operator takes it back")
        record = await_order(context, link_id, final=True)
    if not record.state.final:
        raise VenueError(f"order {link_id} is still {record.state} after its cancellation")
    return record
