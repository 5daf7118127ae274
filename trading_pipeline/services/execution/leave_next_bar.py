"""Leave a position at the first close after its entry at which momentum has not moved in favour."""

from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.next_bar import MOMENTUM, close_to_judge, fails
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.execution_context import ExecutionContext


def leave_next_bar(
    *,
    context: ExecutionContext,
    indicators: IndicatorReader,
    plan: TradePlan,
    position: Position,
    made: Sequence[IntentRecord],
    bar_close: datetime,
) -> str | None:
    """Close the position at market when its first bar says so; a close once begun is carried on.

    Take profits that still rest are reduce-only, and are cancelled with what the position leaves behind.

    :param made: the plan's intents so far.
    :param bar_close: the newest close of the position's timeframe.
    :returns: what was done, for the record; ``None`` when the position stays.
    :raises VenueError: it is not known whether the position is closed; doing it again is harmless.
    """
    # The bar is judged once; after that the intent says what was decided, also to the run after a crash.
    begun = any(record.intent.purpose is Purpose.NEXT_BAR_EXIT for record in made)
    if not begun and not _failed(context, indicators, plan, position, bar_close):
        return None
    flat = close_position(context=context, plan=plan, purpose=Purpose.NEXT_BAR_EXIT)
    return f"momentum did not follow the entry: {'closed' if flat else 'closing failed'}"


def _failed(
    context: ExecutionContext, indicators: IndicatorReader, plan: TradePlan, position: Position, bar_close: datetime
) -> bool:
    """Judge the first bar after the entry, once; a number that is missing is told and keeps the position."""
    judged = close_to_judge(plan, position, bar_close)
    if judged is None or plan.next_bar_rule is None:
        return False
    reading = indicators.latest_indicator(plan.instrument_id, plan.timeframe, judged, MOMENTUM)
    momentum = None if reading is None else reading.value
    if momentum is None or plan.next_bar_rule.momentum is None:
        context.notifier.notify(
            Severity.WARNING,
            f"no momentum: {plan.instrument_id}",
            f"Plan {plan.plan_id}: the MACD histogram was {plan.next_bar_rule.momentum} at the entry bar and "
            f"{momentum} at {judged:%Y-%m-%d %H:%M} UTC; the next-bar rule keeps the position.",
        )
    return fails(plan.next_bar_rule, plan.bias, reading)
