"""The secondary rule: a trade that momentum leaves at once is left at once."""

from datetime import datetime

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.indicator_readings import IndicatorReading
from trading_pipeline.domain.model.plans import NextBarRule, TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.signals import Bias

MOMENTUM = "macd_histogram"
"""The indicator the rule reads, as snapshots name it."""


def close_to_judge(plan: TradePlan, position: Position, bar_close: datetime) -> datetime | None:
    """The first close of the plan's timeframe after the entry, when it has come and was not looked at.

    A wave that was missed is made up for: later, but by the same bar.

    :param bar_close: the newest close of that timeframe.
    :returns: ``None`` when there is nothing to judge: too early, done already, or no such rule.
    """
    if plan.next_bar_rule is None or position.opened_at is None or position.managed_through is None:
        return None
    # The entry is filled after the deciding close, inside the next bar: that bar's close is the first one after it.
    first = plan.timeframe.floor(position.opened_at) + plan.timeframe.duration
    return first if position.managed_through < first <= bar_close else None


def fails(rule: NextBarRule, bias: Bias, reading: IndicatorReading | None) -> bool:
    """Whether momentum has not moved in favour since the entry bar; an unknown value keeps the position.

    In floats, as the engine has it: what is only rounding of the price is no move.

    :param reading: momentum (MACD histogram) and close at the bar that is judged, both in quote currency.
    """
    if rule.momentum is None or reading is None:
        return False
    moved = beyond(float(reading.value), float(rule.momentum), float(reading.close))
    return bool((moved if bias is Bias.LONG else -moved) <= 0)
