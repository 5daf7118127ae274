"""Hold the venue's positions and orders against the ledger, and send nothing."""

from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import OrderReport, Side
from trading_pipeline.domain.model.positions import Position, VenuePosition
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.settle_orders import book_fills, settle_orders


def compare_account(*, context: ExecutionContext) -> tuple[Difference, ...]:
    """Disagreements seen twice in a row.

    A change on its way looks like a difference for a moment, so what is seen once is looked at again after
    settling and booking what may have been missed. The ledger hears what the venue says; no order is sent or moved.

    :raises TemporaryVenueError: the venue does not answer.
    """
    suspected = _observe(context)
    if not suspected:
        return ()
    # Reports and fills lag behind each other by fractions of a second.
    context.retries.rest()
    settle_orders(context=context)
    _book_since_oldest_position(context)
    seen = {one.key for one in suspected}
    return tuple(one for one in _observe(context) if one.key in seen)


def _observe(context: ExecutionContext) -> list[Difference]:
    held = {position.instrument_id: position for position in context.retries.read(context.trading.positions)}
    orders = context.retries.read(context.trading.open_orders)
    ours = {position.instrument_id: position for position in context.ledger.live_positions()}
    found = [
        _unknown_position(context.account_id, held[instrument_id])
        for instrument_id in sorted(held.keys() - ours.keys())
    ]
    for instrument_id, position in sorted(ours.items()):
        difference = _difference(position, held.get(instrument_id))
        if difference is not None:
            found.append(difference)
    # Stops that the venue keeps with a position are no orders here: `open_orders` leaves them out.
    known = {record.intent.order_link_id for record in context.ledger.open_intents()}
    found += [_unknown_order(context.account_id, order) for order in orders if order.order_link_id not in known]
    return found


def _difference(ours: Position, held: VenuePosition | None) -> Difference | None:
    if held is None:
        if not ours.quantity:
            return None  # an entry under way: the first, or a layer of what was closed meanwhile
        detail = f"the ledger holds {ours.quantity}, the venue is flat"
        return Difference(ours.account_id, ours.instrument_id, DifferenceKind.MISSING_POSITION, detail)
    # With its sign: the same quantity on the other side is the worst of differences, not none.
    at_venue = held.quantity if held.side is Side.opening(ours.bias) else -held.quantity
    if at_venue != ours.quantity:
        detail = f"the ledger holds {ours.quantity} {ours.bias}, the venue {held.quantity} on the {held.side} side"
        return Difference(ours.account_id, ours.instrument_id, DifferenceKind.QUANTITY, detail)
    if held.stop_loss is None:
        return Difference(
            ours.account_id, ours.instrument_id, DifferenceKind.NO_STOP, f"{held.quantity} without a live stop"
        )
    return None


def _unknown_position(account_id: AccountId, held: VenuePosition) -> Difference:
    detail = f"external: the venue holds {held.quantity} on the {held.side} side that no plan opened"
    return Difference(account_id, held.instrument_id, DifferenceKind.UNKNOWN_POSITION, detail)


def _unknown_order(account_id: AccountId, order: OrderReport) -> Difference:
    name = order.order_link_id or order.venue_order_id
    detail = f"external: order {name} rests and the ledger does not expect it"
    return Difference(account_id, order.instrument_id, DifferenceKind.UNKNOWN_ORDER, detail, name)


def _book_since_oldest_position(context: ExecutionContext) -> None:
    starts = [context.ledger.plan(position.plan_id).close_time for position in context.ledger.live_positions()]
    if starts:
        book_fills(context, min(starts))
