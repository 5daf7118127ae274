"""The further entries of a plan: sent once the first is protected, taken back once the trade goes its way or ends."""

from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentState
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.services.execution.continue_entry import withdraw_resting
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.submit_order import submit_order


def see_levels(*, context: ExecutionContext, plan: TradePlan, protected: bool) -> None:
    """Send those that wait to be sent, or take all of them back. Repeating it changes nothing.

    :param plan: the one that opened the position.
    :param protected: whether the position has a live stop; nothing is added to one that has none.
    :raises VenueError: one of them may still fill.
    """
    position = context.ledger.position_of(plan.plan_id) if plan.levels else None
    if position is None:
        return
    why = _over(context, plan, position)
    if why:
        withdraw_resting(context, position.position_id, why)
    elif protected:
        for entry in context.ledger.entries_of(position.position_id):
            if entry.unsent_level:
                submit_order(context=context, order_link_id=entry.intent.order_link_id)


def _over(context: ExecutionContext, plan: TradePlan, position: Position) -> str:
    """Why nothing more is bought, empty while it may be."""
    if position.entry_quantity and not position.quantity:
        return "the position is flat"
    targets = [one for one in context.ledger.intents_of(plan.plan_id) if one.intent.purpose in TAKE_PROFITS]
    if any(target.state is IntentState.FILLED for target in targets):
        return "a target has filled"
    halts = (one for one in context.halts.halts() if one.scope.covers(context.account_id, plan.instrument_id))
    return next((str(halt) for halt in halts), "")
