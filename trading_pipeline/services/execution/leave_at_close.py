"""Whatever may end a position at a close, asked in its order: the first that leaves is the exit."""

from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.leave_before_funding import leave_before_funding
from trading_pipeline.services.execution.leave_by_signal import leave_by_signal
from trading_pipeline.services.execution.leave_next_bar import leave_next_bar
from trading_pipeline.services.execution.trail_stop import TrailingCloses


def leave_at_close(
    *,
    context: ExecutionContext,
    indicators: IndicatorReader,
    plan: TradePlan,
    position: Position,
    closes: TrailingCloses,
) -> str | None:
    """What was done to leave, ``None`` where nothing asks for it; the order is the engine's.

    :raises VenueError: it is not known whether the position was left.
    """
    bar_close = plan.timeframe.floor(closes.wave)
    # What was begun before, by this run or one that died, is carried on by whichever rule began it.
    made = context.ledger.intents_of(plan.plan_id)
    left = leave_next_bar(
        context=context, indicators=indicators, plan=plan, position=position, made=made, bar_close=bar_close
    )
    left = left or leave_by_signal(context=context, plan=plan, position=position, made=made, bar_close=bar_close)
    return left or leave_before_funding(
        context=context, indicators=indicators, plan=plan, position=position, made=made, closes=closes
    )
