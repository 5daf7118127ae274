"""Whether a position is left before funding."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.plans import FundingExitRule
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.signals import Bias


def leaves_before_funding(rule: FundingExitRule, position: Position, close: Decimal, until: timedelta) -> bool:
    """Whether funding is near enough and the gain per unit small enough.

    :param close: quote currency.
    :param until: from that close to the next settlement.
    """
    if position.entry_price is None or until > timedelta(minutes=rule.minutes):
        return False
    gain = close - position.entry_price if position.bias is Bias.LONG else position.entry_price - close
    return gain < rule.below_r * abs(position.entry_price - position.initial_stop_price)
