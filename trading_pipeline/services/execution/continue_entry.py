"""Follow an entry that ended short by the order that its plan has for the rest, one at a time."""

from dataclasses import replace

from trading_pipeline.domain.model.orders import WHOLE_EXITS, IntentRecord, OrderIntent, OrderType
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.portfolio.entry_attempts import next_attempt
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.settle_orders import await_order, settle_order
from trading_pipeline.services.execution.submit_order import submit_order


def resting_entry(context: ExecutionContext, entry: IntentRecord) -> IntentRecord:
    """A limit order as the venue knows it now, taken back where it has rested for too long.

    The cancellation may lose against a fill, so what became of the order is asked, never assumed.

    :raises VenueError: it is not known whether it still rests.
    """
    link_id = entry.intent.order_link_id
    # What it has filled by now decides how long it may go on resting.
    context.retries.read(lambda: settle_order(context, entry))
    entry = context.ledger.intent(link_id)
    if entry.state.final:
        return entry
    why = _overdue(context, entry)
    if not why:
        return entry
    cancel_order(context, entry, why)
    return await_order(context, link_id, final=True)


def _overdue(context: ExecutionContext, entry: IntentRecord) -> str:
    """Why it has to be taken back, empty while it may rest."""
    now, until = context.clock.now(), entry.intent.valid_until
    if entry.is_level:
        return "its bars are over" if now > until else ""
    rule = context.ledger.plan(entry.intent.plan_id).entry_order
    return rule.overdue(filled=entry.filled_quantity > 0, changed_at=entry.changed_at, valid_until=until, now=now)


def continue_entries(*, context: ExecutionContext, position_id: str) -> bool:
    """Send what follows each entry of a position that ended short; nothing where the position is being left.

    The order that follows is stored together with the end of the one before it, so a crash leaves one of them to go
    on with; it is sent as any other, so halts and its plan's expiry are asked again.

    :returns: whether an order was sent, so that there may be more to protect than before.
    """
    # Entries come by layer and attempt, so the last of a layer is what stands.
    newest = {entry.intent.layer: entry for entry in context.ledger.entries_of(position_id)}
    sent = False
    for entry in newest.values():
        link_id = _continued(context, position_id, entry) if entry.to_be_continued else None
        # Perhaps stored by a run that died before it sent it; an order that is submitted twice is sent once.
        if entry.continuing and not entry.state.final:
            link_id = entry.intent.order_link_id
        if link_id is not None:
            sent = submit_order(context=context, order_link_id=link_id).sent or sent
    return sent


def _continued(context: ExecutionContext, position_id: str, entry: IntentRecord) -> str | None:
    """The link id of the order that follows an entry's newest one, stored; ``None`` where none does."""
    plan = context.ledger.plan(entry.intent.plan_id)
    successor = None if _left(context, position_id, plan) else _successor(context, plan, entry)
    context.ledger.continue_entry(entry.intent.order_link_id, successor)
    if successor is None:
        return None
    how = "market" if successor.price is None else f"limit at {successor.price}"
    context.notifier.notify(
        Severity.INFO,
        f"entry goes on: {plan.instrument_id}",
        f"{entry.intent.order_link_id} filled {entry.filled_quantity} of {entry.intent.quantity} "
        f"({entry.reason or entry.state}); {successor.order_link_id} follows, {how}, {successor.quantity}.",
    )
    return successor.order_link_id


def _successor(context: ExecutionContext, plan: TradePlan, entry: IntentRecord) -> OrderIntent | None:
    attempts = [
        one
        for one in context.ledger.entries_of(entry.position_id or plan.plan_id)
        if one.intent.layer == entry.intent.layer
    ]
    instrument = context.instrument(plan.instrument_id)
    following = next_attempt(plan.entry_order, attempts, plan.entry_price, instrument)
    return None if following is None else replace(following, run_id=context.run_id)


def _left(context: ExecutionContext, position_id: str, plan: TradePlan) -> bool:
    """Whether the position is flat, or on its way there."""
    position = context.ledger.position_of(plan.plan_id)
    flat = position is not None and position.entry_quantity > 0 and not position.quantity
    # Every order that reduces carries the plan that opened the position, whose id is the position's.
    return flat or any(one.intent.purpose in WHOLE_EXITS for one in context.ledger.intents_of(position_id))


def withdraw_resting(context: ExecutionContext, position_id: str, why: str) -> None:
    """Take back the limit entries of a position that is left, before it is; nothing follows them.

    :raises VenueError: one of them may still fill.
    """
    for entry in context.ledger.entries_of(position_id):
        if entry.intent.order_type is not OrderType.LIMIT or (entry.state.final and not entry.continuing):
            continue
        # First that nothing follows, then the cancellation: its end would be taken for the turn of the next order.
        context.ledger.continue_entry(entry.intent.order_link_id, None)
        if not entry.state.final:
            cancel_order(context, entry, why)
            await_order(context, entry.intent.order_link_id, final=True)
