"""Pull a position's stop to where it belongs now."""

from decimal import Decimal

from trading_pipeline.domain.model.errors import OrderRejectedByVenue, StopPassed
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.stops import Stop, TargetsReached, next_stop, passed, reached_by
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
    """Asked anew: fills may have come since the position was read."""
    targets = context.ledger.intents_of(plan.plan_id)
    return reached_by(targets, context.ledger.entries_of(position.position_id))


def _leave(context: ExecutionContext, plan: TradePlan, position: Position, stop: Stop) -> str:
    """The level that could not rest names the exit, so its kind is remembered before the order."""
    context.ledger.set_stop(position.position_id, position.stop_price, stop.kind)
    flat = close_position(context=context, plan=plan, purpose=Purpose.STOP_EXIT)
    return f"the price had passed the next stop {stop.price}: {'closed' if flat else 'closing failed'}"
