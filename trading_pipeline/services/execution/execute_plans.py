"""From claimed plans to protected positions: the steps of one run, in order."""

from collections.abc import Sequence
from dataclasses import replace

from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_position
from trading_pipeline.services.execution.protect_position import ProtectResult
from trading_pipeline.services.execution.submit_order import SubmitOutcome, submit_order


def submit_entries(*, context: ExecutionContext, intents: Sequence[OrderIntent]) -> tuple[SubmitOutcome, ...]:
    """Send the entries one after the other."""
    # Not at once: each is held against halts and the clock right before it goes, and an earlier one may change both.
    return tuple(submit_order(context=context, order_link_id=intent.order_link_id) for intent in intents)


def protect_positions(*, context: ExecutionContext, plans: Sequence[TradePlan]) -> tuple[ProtectResult, ...]:
    """Protect what the plans opened; a venue that fails for one does not keep the others waiting.

    Plans whose protection could not be proved are left out: they stay claimed and come back.
    """
    done = []
    for plan in plans:
        opening = _opening_plan(context, plan)
        try:
            # By the opening plan, whatever layer this is: a position has one lock.
            with context.ledger.holding(opening.plan_id):
                protected = follow_position(context=context, plan=opening).protected
            done.append(replace(protected, plan_id=plan.plan_id))
        except POSITION_TROUBLE as error:
            context.notifier.notify(
                Severity.CRITICAL,
                f"protection not proved: {plan.instrument_id}",
                f"Plan {plan.plan_id}: {error}. The stop was sent with the entry; it is looked at again.",
            )
    return tuple(done)


def _opening_plan(context: ExecutionContext, plan: TradePlan) -> TradePlan:
    """The plan whose position the plan's entry opened or added to."""
    position = context.ledger.position_of(plan.plan_id)
    return plan if position is None or position.plan_id == plan.plan_id else context.ledger.plan(position.plan_id)


def record_outcomes(*, context: ExecutionContext, protected: Sequence[ProtectResult]) -> dict[str, PlanStatus]:
    """Close the books of the plans whose positions are protected; the others stay claimed."""
    return {one.plan_id: context.ledger.finish(one.plan_id) for one in protected}
