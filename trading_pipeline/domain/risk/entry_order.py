"""Which of several entries comes first, so that the last slot goes to the same one live and in a backtest."""

from collections.abc import Iterable
from decimal import Decimal

from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.limits import EntriesBy


def entry_order(plans: Iterable[TradePlan], entries_by: EntriesBy) -> tuple[TradePlan, ...]:
    """Older closes first; within one by instrument, then the longer timeframe, the strategy's name, the plan's id.

    :param entries_by: ``SCORE`` puts the higher score before the instrument.
    """

    def key(plan: TradePlan) -> tuple[object, ...]:
        # Ties end with the plan's id: without a last word, which
        # plan gets the last slot would depend on the order of rows.
        score = -plan.score if entries_by is EntriesBy.SCORE else Decimal(0)
        return plan.close_time, score, plan.instrument_id, -plan.timeframe.ms, plan.strategy, plan.plan_id

    return tuple(sorted(plans, key=key))
