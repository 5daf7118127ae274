"""Pull a position's stop to where it belongs now."""

from dataclasses import replace
from decimal import Decimal

from trading_pipeline.domain.model.errors import OrderRejectedByVenue, StopPassed
from trading_pipeline.domain.model.orders import TAKE_PROFITS, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.stops import Stop, TargetsReached, next_stop, passed, targets_reached
from trading_pipeline.services.execution.close_position import close_position, venue_position
from trading_pipeline.services.execution.execution_context import ExecutionContext


def pull_stop(*, context: ExecutionContext, plan: TradePlan, position: Position, close: Decimal | None) -> str:
    """Set the stop that the filled targets allow; where the price has passed it, get out at market instead.

    The stop is moved at the venue first and remembered after, so what the ledger calls live is live.

    :param position: as it stands now, the runner's stop included.
    :param close: the newest close, quote currency; ``None`` leaves the judgement to the venue.
    :returns: what was done, for the record; empty where the stop stays.
    :raises VenueError: the stop was not moved, or it is not known whether it was; doing it again is harmless.
    """
    stop = next_stop(plan, position, _reached(context, plan, position), context.instrument(plan.instrument_id))
    # The level may have changed without the price; the name of a later exit depends on it.
    if stop.price == position.stop_price:
        if stop.kind is not position.stop_kind:
            context.ledger.set_stop(position.position_id, stop.price, stop.kind)
        return ""
    if close is not None and passed(plan.bias, stop.price, close):
        return _leave(context, plan, position, stop)
    try:
        context.trading.set_stop_loss(position.instrument_id, stop.price)
    # The one refusal that is about the price: such a stop cannot rest.
    except StopPassed:
        return _leave(context, plan, position, stop)
    # Every other one leaves the old stop where it is, unless there is nothing to protect any more.
    except OrderRejectedByVenue:
        if venue_position(context, plan) is not None:
            raise
        return "flat at the venue"
    context.ledger.set_stop(position.position_id, stop.price, stop.kind)
    return f"stop moved from {position.stop_price} to {stop.price}"


def _reached(context: ExecutionContext, plan: TradePlan, position: Position) -> TargetsReached:
    """How far the targets have come; while an entry may still grow there will be others, so that none is the last."""
    records = context.ledger.intents_of(plan.plan_id)
    reached = targets_reached(
        {record.intent.purpose: record.state for record in records if record.intent.purpose in TAKE_PROFITS}
    )
    growing = any(entry.growing or entry.continuing for entry in context.ledger.entries_of(position.position_id))
    return replace(reached, last=reached.last and not growing)


def _leave(context: ExecutionContext, plan: TradePlan, position: Position, stop: Stop) -> str:
    """The level that could not rest names the exit, so its kind is remembered before the order."""
    context.ledger.set_stop(position.position_id, position.stop_price, stop.kind)
    flat = close_position(context=context, plan=plan, purpose=Purpose.STOP_EXIT)
    return f"the price had passed the next stop {stop.price}: {'closed' if flat else 'closing failed'}"
