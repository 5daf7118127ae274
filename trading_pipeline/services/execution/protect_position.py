"""After the entry: a live stop at the venue, then the take profits."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import (
    TAKE_PROFITS,
    IntentRecord,
    IntentState,
    OrderIntent,
    OrderType,
    Purpose,
    Side,
    order_link_id,
)
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.domain.portfolio.stops import targets_reached
from trading_pipeline.domain.portfolio.targets import Entered, TargetOrder, target_orders
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.continue_entry import continue_entries, resting_entry
from trading_pipeline.services.execution.entry_levels import see_levels
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.prove_stop import Protection, prove_stop
from trading_pipeline.services.execution.settle_orders import await_order, book_fills
from trading_pipeline.services.execution.submit_order import SubmitOutcome, submit_order


@dataclass(frozen=True, slots=True)
class ProtectResult:
    """What stands between the position and a loss without end.

    :param targets: outcomes of the take profits, nearest first.
    """

    plan_id: str
    instrument_id: InstrumentId
    protection: Protection
    targets: tuple[SubmitOutcome, ...] = ()


def protect_position(*, context: ExecutionContext, plan: TradePlan) -> ProtectResult:
    """See the entries through, prove the stop, send the rest of an entry that ended short, place the take profits,
    send the further entries that the plan may have.

    A stop that is missing is set; where the venue refuses it for good the position is closed at market and the operator
    called. Take profits are sized from what the entries really filled, so they wait for their end; those of a
    position that a layer was added to are taken back first. Repeating all of it changes nothing.

    :param plan: the one that opened the position.
    :raises TemporaryVenueError: the venue does not answer, so that nothing can be proved.
    :raises VenueError: the stop could not be set, for a reason that may pass, or an earlier target not be taken back.
    """
    while True:
        position, short = _see_entries_through(context, plan)
        # What has filled is protected before more is sent.
        protection = _proved(context, plan, position)
        if position is None or not short or protection not in _GOES_ON:
            break
        if not continue_entries(context=context, position_id=position.position_id):
            break
    protected = protection in (Protection.LIVE_STOP, Protection.REPAIRED_STOP)
    targets = _place_targets(context, plan) if protected else ()
    # After the targets: what is bought against the trade comes last of all.
    see_levels(context=context, plan=plan, protected=protected)
    return ProtectResult(plan.plan_id, plan.instrument_id, protection, targets)


_GOES_ON = (Protection.NOT_FILLED, Protection.LIVE_STOP, Protection.REPAIRED_STOP)
"""How a position may stand whose entry takes another order."""


def _proved(context: ExecutionContext, plan: TradePlan, position: Position | None) -> Protection:
    """What stands between the position and a loss."""
    if position is None or position.status in (PositionStatus.OPENING, PositionStatus.FAILED):
        return Protection.NOT_FILLED
    if position.status is PositionStatus.CLOSED:
        return Protection.CLOSED
    return prove_stop(context=context, plan=plan, position=position)


def _see_entries_through(context: ExecutionContext, plan: TradePlan) -> tuple[Position | None, bool]:
    """Wait for the end of every entry that is not meant to rest, and for the fills they report.

    :returns: the position, and whether another order follows one of its entries.
    """
    position = context.ledger.position_of(plan.plan_id)
    if position is None:
        return None, False
    entries = [_at_its_end(context, entry) for entry in context.ledger.entries_of(position.position_id)]
    # Reports come before fills: what they say was filled is what the booked fills have to reach.
    reported = sum((entry.filled_quantity for entry in entries), Decimal(0))
    for _ in context.retries.rounds():
        position = context.ledger.position_of(plan.plan_id)
        if position is None or position.entry_quantity >= reported:
            break
        context.retries.read(lambda: book_fills(context, plan.close_time))
        position = context.ledger.position_of(plan.plan_id)
        if position is None or position.entry_quantity >= reported:
            break
        context.retries.rest()
    return position, any(entry.continuing for entry in entries)


def _at_its_end(context: ExecutionContext, entry: IntentRecord) -> IntentRecord:
    """An entry that was sent, once the venue has told its end, or that it may rest, or the retries are used up."""
    if not entry.growing:
        return entry
    if entry.intent.order_type is OrderType.LIMIT:
        return resting_entry(context, entry)
    return await_order(context, entry.intent.order_link_id, final=True)


def _place_targets(context: ExecutionContext, plan: TradePlan) -> tuple[SubmitOutcome, ...]:
    """The targets of everything that was entered; none of the position as it was before its newest layer stays."""
    position = context.ledger.position_of(plan.plan_id)
    if position is None or position.entry_price is None:
        return ()
    entries = context.ledger.entries_of(position.position_id)
    reported = sum((entry.filled_quantity for entry in entries), Decimal(0))
    # Sized too early, targets would cover a part of the position only.
    under_way = any((entry.growing and not entry.waits) or entry.continuing for entry in entries)
    if under_way or position.entry_quantity < reported:
        return ()
    layer = max(entry.intent.layer for entry in entries if entry.filled_quantity)
    records = context.ledger.intents_of(plan.plan_id)
    earlier = _withdrawn(context, records, layer)
    entered = Entered(
        quantity=position.entry_quantity,
        price=position.entry_price,
        stop_price=position.initial_stop_price,
        reached=targets_reached({one.intent.purpose: one.state for one in earlier}).filled,
        taken=_taken(earlier),
    )
    orders = target_orders(plan, entered, context.instrument(plan.instrument_id))
    # All ids before the first write: an id depends on the intents that are stored.
    link_ids = [_target_link_id(records, plan, order.purpose, layer) for order in orders]
    stored = {record.intent.order_link_id: record for record in records}
    # All intents before the first request, so that a crash leaves none of the targets forgotten.
    for order, link_id in zip(orders, link_ids, strict=True):
        if link_id not in stored:
            context.ledger.write_intent(_target_intent(context, plan, order, link_id, layer))
    return tuple(_placed(context, link_id, stored.get(link_id)) for link_id in link_ids)


def _placed(context: ExecutionContext, link_id: str, record: IntentRecord | None) -> SubmitOutcome:
    """The target, sent unless the venue is known to have it: at a close nearly all of them rest already."""
    if record is None or record.state is IntentState.INTENDED or record.state.unsettled:
        return submit_order(context=context, order_link_id=link_id)
    intent = record.intent
    return SubmitOutcome(link_id, intent.plan_id, intent.instrument_id, record.state, record.reason, sent=False)


def _withdrawn(context: ExecutionContext, records: Sequence[IntentRecord], layer: int) -> list[IntentRecord]:
    """Take back the targets that were placed before a layer was added; how each of them ended, oldest first.

    :raises VenueError: one of them may still rest, so that another beside it might sell more than there is.
    """
    ended = []
    for record in records:
        link_id = record.intent.order_link_id
        if record.intent.purpose not in TAKE_PROFITS or record.intent.layer >= layer:
            continue
        if not record.state.final:
            cancel_order(context, record, f"layer {layer} was added before it was sent")
            record = await_order(context, link_id, final=True)
        if not record.state.final:
            raise VenueError(f"target {link_id} is still {record.state} after its cancellation")
        ended.append(record)
    return ended


def _taken(targets: Sequence[IntentRecord]) -> dict[Purpose, Decimal]:
    """Base currency that targets have filled, by their purpose."""
    taken: dict[Purpose, Decimal] = {}
    for record in targets:
        taken[record.intent.purpose] = taken.get(record.intent.purpose, Decimal(0)) + record.filled_quantity
    return taken


def _target_link_id(records: Sequence[IntentRecord], plan: TradePlan, purpose: Purpose, layer: int) -> str:
    """The newest order's, or the next where that one never arrived; reduce-only orders may be repeated."""
    same = [one for one in records if (one.intent.purpose, one.intent.layer) == (purpose, layer)]
    lost = not same or same[-1].state is IntentState.ABSENT
    return order_link_id(plan.plan_id, purpose, len(same) - (0 if lost else 1), layer)


def _target_intent(
    context: ExecutionContext, plan: TradePlan, order: TargetOrder, link_id: str, layer: int
) -> OrderIntent:
    return OrderIntent(
        order_link_id=link_id,
        account_id=context.account_id,
        plan_id=plan.plan_id,
        purpose=order.purpose,
        instrument_id=plan.instrument_id,
        side=Side.opening(plan.bias).opposite,
        order_type=OrderType.LIMIT,
        quantity=order.quantity,
        price=order.price,
        stop_loss=None,
        reduce_only=True,
        valid_until=ALWAYS_VALID,
        run_id=context.run_id,
        layer=layer,
    )
