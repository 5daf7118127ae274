"""Leave a position shortly before funding is settled while its gain is small."""

from collections.abc import Sequence
from decimal import Decimal

from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.funding_exit import leaves_before_funding
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.trail_stop import TrailingCloses


def leave_before_funding(
    *,
    context: ExecutionContext,
    indicators: IndicatorReader,
    plan: TradePlan,
    position: Position,
    made: Sequence[IntentRecord],
    closes: TrailingCloses,
) -> str | None:
    """Close the position at market where its plan's rule says so; a close once begun is carried on.

    Asked at every wave, as of its close. A close that is not stored is told and keeps the position.

    :param made: the plan's intents so far.
    :returns: what was done, for the record; ``None`` when the position stays.
    :raises VenueError: the venue does not tell when funding is, or it is not known whether the position is closed.
    """
    rule = plan.exit_rules.funding_exit
    # The wave that the position was opened at has no close after the entry to judge it by.
    if rule is None or position.opened_at is None or position.opened_at >= closes.wave:
        return None
    # A close that was begun is not asked about again: by now the gain may be large, and half of the position gone.
    begun = any(one.intent.purpose is Purpose.FUNDING_EXIT for one in made)
    if not begun:
        funding_at = context.retries.read(lambda: context.market.next_funding(plan.instrument_id))
        close = _close(context, indicators, plan, closes)
        if close is None or not leaves_before_funding(rule, position, close, funding_at - closes.wave):
            return None
    flat = close_position(context=context, plan=plan, purpose=Purpose.FUNDING_EXIT)
    return f"funding is near and the gain small: {'closed' if flat else 'closing failed'}"


def _close(
    context: ExecutionContext, indicators: IndicatorReader, plan: TradePlan, closes: TrailingCloses
) -> Decimal | None:
    close = indicators.close_price(plan.instrument_id, closes.finest, closes.wave)
    if close is None:
        context.notifier.notify(
            Severity.WARNING,
            f"no close: {plan.instrument_id}",
            f"Plan {plan.plan_id}: the {closes.finest} bar of {closes.wave:%Y-%m-%d %H:%M} UTC is not stored; the "
            "funding exit keeps the position.",
        )
    return close
