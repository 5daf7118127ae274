"""Say at which closes nobody could ask a strategy whether it leaves."""

from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.trail_stop import TrailingCloses


def tell_unheard_exits(
    *, context: ExecutionContext, plan: TradePlan, position: Position, closes: TrailingCloses
) -> None:
    """Warn of every close not looked at yet at which the strategy's exit is unknown, with the reason.

    The position stands as it does: without the exit it has its stop and targets. A wave that computes the bar after all
    is heard, as exits of every close since the entry are.
    """
    due = list(closes.own_since_managed(plan, position)) if plan.exit_rules.strategy_exits else []
    if not due:
        return
    for close_time, reason in context.signals.unheard(plan, due).items():
        context.notifier.notify(
            Severity.WARNING,
            f"exit unknown: {plan.instrument_id}",
            f"Plan {plan.plan_id}: {plan.strategy} could not be asked at the close of the {plan.timeframe} bar at "
            f"{close_time:%Y-%m-%d %H:%M} UTC whether it leaves: {reason}. The position keeps its stop at "
            f"{position.stop_price}; it is left late where the bar is mended, or by hand.",
        )
