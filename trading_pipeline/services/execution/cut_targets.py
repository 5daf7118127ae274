"""Take profits are cut down to what is held, where somebody else has sold a part of it."""

from dataclasses import replace
from decimal import Decimal

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, order_link_id
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.services.execution.cancel_leftovers import cancel_order
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.settle_orders import await_order
from trading_pipeline.services.execution.submit_order import submit_order

_WHY = "less is held than it would sell"


def cut_targets(*, context: ExecutionContext, plan: TradePlan, held: Decimal) -> tuple[str, ...]:
    """Take back what targets would sell beyond ``held``, farthest first, and order what is left of each again.

    The caller holds the position. The smaller order is stored before the larger is cancelled, so that a run which dies
    in between is gone on with; both reduce only. Repeating it changes nothing.

    :param held: base currency.
    :returns: link ids of the smaller orders.
    :raises VenueError: a target may still rest after its cancellation.
    """
    records = [one for one in context.ledger.intents_of(plan.plan_id) if one.intent.purpose in TAKE_PROFITS]
    newest = {record.intent.purpose: record for record in records}
    for record in records:
        if record is not newest[record.intent.purpose] and not record.state.final:
            _take_back(context, record)
    cut: list[str] = []
    for purpose in TAKE_PROFITS:
        target = newest.get(purpose)
        if target is None or target.state.final:
            continue
        left = target.intent.quantity - target.filled_quantity
        if left > held:
            cut += _cut(context, target, held, records)
        held -= min(left, held)
    return tuple(cut)


def _cut(
    context: ExecutionContext, target: IntentRecord, held: Decimal, records: list[IntentRecord]
) -> tuple[str, ...]:
    intent = target.intent
    instrument = context.instrument(intent.instrument_id)
    quantity = instrument.floor_quantity(held)
    before = [one for one in records if (one.intent.purpose, one.intent.layer) == (intent.purpose, intent.layer)]
    link_id = order_link_id(intent.plan_id, intent.purpose, len(before), intent.layer)
    if quantity < instrument.min_quantity:
        _take_back(context, target)
        return ()
    context.ledger.write_intent(replace(intent, order_link_id=link_id, quantity=quantity, run_id=context.run_id))
    _take_back(context, target)
    submit_order(context=context, order_link_id=link_id)
    return (link_id,)


def _take_back(context: ExecutionContext, target: IntentRecord) -> None:
    if cancel_order(context, target, _WHY).final:
        return
    state = await_order(context, target.intent.order_link_id, final=True).state
    if not state.final:
        raise VenueError(f"target {target.intent.order_link_id} is still {state} after its cancellation")
