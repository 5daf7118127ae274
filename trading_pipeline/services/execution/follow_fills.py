"""Answer fills: prove the stop, place targets, pull the stop as far as the filled targets allow."""

from dataclasses import dataclass

from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.cancel_leftovers import CancelResult, cancel_leftovers
from trading_pipeline.services.execution.cut_targets import cut_targets
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.move_stop import pull_stop
from trading_pipeline.services.execution.protect_position import ProtectResult, protect_position
from trading_pipeline.services.execution.prove_stop import Protection
from trading_pipeline.services.execution.settle_orders import SettleResult, settle_orders


@dataclass(frozen=True, slots=True)
class Followed:
    """How a position stands after its fills were answered.

    :param action: what was done about its stop, empty where it stays.
    """

    protected: ProtectResult
    action: str

    @property
    def summary(self) -> str:
        """For the record."""
        return self.action or str(self.protected.protection)


@dataclass(frozen=True, slots=True)
class FollowResult:
    """What one round of answering fills did.

    :param positions: position id to what was done about it.
    """

    positions: dict[str, str]
    settled: SettleResult
    leftovers: CancelResult


def follow_fills(*, context: ExecutionContext) -> FollowResult:
    """Settle orders and answer every fill that nobody has answered, then cancel what closed positions left behind.

    May be killed anywhere and run again by anybody. One position's trouble does not keep the others waiting;
    its fills stay unfollowed. No new runner's stop is computed here, the remembered one is used. Entries that rest or
    go on are seen through, too.
    """
    # First, because what the feed has not heard yet may be a fill that has to be answered.
    settled = settle_orders(context=context)
    waiting = {one.position_id: one for one in context.ledger.entering_positions()}
    waiting |= {one.position_id: one for one in context.ledger.unfollowed_positions()}
    positions = {position_id: _follow(context, position) for position_id, position in waiting.items()}
    return FollowResult(positions, settled, cancel_leftovers(context=context))


def _follow(context: ExecutionContext, position: Position) -> str:
    plan = context.ledger.plan(position.plan_id)
    try:
        with context.ledger.holding(plan.plan_id):
            summary = follow_position(context=context, plan=plan).summary
        # Outside the lock: it changes the plan alone, and others wait for the position.
        _finish_entries(context, position)
        return summary
    except POSITION_TROUBLE as error:
        context.notifier.notify(
            Severity.CRITICAL,
            f"cannot follow {position.instrument_id}",
            f"Plan {plan.plan_id}: {error}. It is tried again; look at the position if this repeats.",
        )
        return f"venue: {error}"


def _finish_entries(context: ExecutionContext, position: Position) -> None:
    """Close the books of plans whose entry took longer than their run; a market order's run does that itself."""
    for entry in context.ledger.entries_of(position.position_id):
        if entry.intent.order_type is OrderType.LIMIT or entry.intent.attempt > 0:
            context.ledger.finish(entry.intent.plan_id)


def follow_position(*, context: ExecutionContext, plan: TradePlan) -> Followed:
    """Answer what the plan's position has filled so far; the caller holds the position.

    :raises VenueError: something could not be proved or moved; doing it again is harmless.
    """
    protected = protect_position(context=context, plan=plan)
    position = context.ledger.position_of(plan.plan_id)
    if position is None or protected.protection is Protection.CLOSING_FAILED:
        return Followed(protected, "")
    action = ""
    if position.status is PositionStatus.OPEN and protected.protection is not Protection.CLOSED:
        # All that was entered is more than all targets together.
        if position.quantity < position.entry_quantity:
            cut_targets(context=context, plan=plan, held=position.quantity)
        action = pull_stop(context=context, plan=plan, position=position, close=None)
        now = context.ledger.position_of(plan.plan_id)
        if now is not None and now.status is PositionStatus.CLOSED:
            position = now  # nothing is left that its last fills could ask for
    # The count that was read before the stop was moved: a fill booked meanwhile stays unanswered and comes again.
    context.ledger.mark_followed(position.position_id, position.booked_fills)
    return Followed(protected, action)
