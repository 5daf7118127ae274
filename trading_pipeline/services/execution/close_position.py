"""Get out at market, as often as it takes, without ever turning the position around."""

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentRecord, OrderIntent, OrderType, Purpose, order_link_id
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.continue_entry import withdraw_resting
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.settle_orders import await_order, book_fills
from trading_pipeline.services.execution.submit_order import submit_order

# A position above the largest market order takes several, and a market order may fill in part.
_MOST_ORDERS = 3
# Wall seconds between two answers that have to agree: lists of positions are late by seconds when the market moves.
_DOUBT_S = 2.0


def venue_position(context: ExecutionContext, plan: TradePlan) -> VenuePosition | None:
    """What the venue holds in the plan's instrument; ``None`` when it is flat.

    Flat is what the venue says and the fills agree with, which are booked here, or what it says twice.

    :raises TemporaryVenueError: the venue does not answer.
    """
    held = _held(context, plan.instrument_id)
    if held is not None:
        return held
    context.retries.read(lambda: book_fills(context, plan.close_time))
    if not _ledger_holds(context, plan):
        return None
    # Something is wrong: the position may have been left in a way that has no fill, or the answer was none.
    context.retries.rest(_DOUBT_S)
    return _held(context, plan.instrument_id)


def _held(context: ExecutionContext, instrument_id: InstrumentId) -> VenuePosition | None:
    return context.retries.read(lambda: context.trading.position(instrument_id))


def _ledger_holds(context: ExecutionContext, plan: TradePlan) -> bool:
    position = context.ledger.position_of(plan.plan_id)
    return position is not None and position.quantity > 0


def close_position(
    *, context: ExecutionContext, plan: TradePlan, purpose: Purpose, signal_id: str | None = None
) -> bool:
    """Close what the venue holds in the plan's instrument with reduce-only market orders.

    Each order has its own number in the link id, and the next one is written only when the one
    before has ended, so a crash never leaves two of them under way. A limit entry that rests is taken back first: one
    that fills after the close would open the position again.

    :param purpose: any that closes the whole position.
    :param signal_id: the signal that asked for it, where one did.
    :returns: whether the venue is flat; when not, the operator has been called.
    """
    withdraw_resting(context, plan.plan_id, "the position is left")
    for _ in range(_MOST_ORDERS):
        held = venue_position(context, plan)
        if held is None:
            return True
        record = _exit_order(context, plan, purpose, held, signal_id)
        submit_order(context=context, order_link_id=record.intent.order_link_id)
        await_order(context, record.intent.order_link_id, final=True)
    flat = venue_position(context, plan) is None
    if not flat:
        context.notifier.notify(
            Severity.CRITICAL,
            f"cannot close {plan.instrument_id}",
            f"{_MOST_ORDERS} market orders did not close the position of plan {plan.plan_id}. Close it by hand.",
        )
    return flat


def _exit_order(
    context: ExecutionContext, plan: TradePlan, purpose: Purpose, held: VenuePosition, signal_id: str | None
) -> IntentRecord:
    """The exit that is under way, or a new one for all the venue holds."""
    made = [record for record in context.ledger.intents_of(plan.plan_id) if record.intent.purpose is purpose]
    # The one under way is seen through before another is written: one exit at a time.
    if made and not made[-1].state.final:
        return made[-1]
    link_id = order_link_id(plan.plan_id, purpose, len(made))
    largest = context.instrument(plan.instrument_id).max_market_quantity
    context.ledger.write_intent(
        OrderIntent(
            order_link_id=link_id,
            account_id=context.account_id,
            plan_id=plan.plan_id,
            purpose=purpose,
            instrument_id=plan.instrument_id,
            side=held.side.opposite,
            order_type=OrderType.MARKET,
            # The venue's quantity, not the ledger's: fills may not have been heard yet.
            quantity=min(held.quantity, largest),
            price=None,
            stop_loss=None,
            reduce_only=True,
            valid_until=ALWAYS_VALID,
            run_id=context.run_id,
            signal_id=signal_id,
        )
    )
    return context.ledger.intent(link_id)
