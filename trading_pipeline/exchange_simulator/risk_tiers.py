"""Risk tiers: the larger a position, the more margin it needs and the less leverage it may have.

The form is the venue's, which sets limits and rates by contract and changes them twice a month; the steps here are
one rule for all: two million USDT and half a percent each.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cache

TIERS = 10
STEP_VALUE = Decimal(2_000_000)
STEP_RATE = Decimal("0.005")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One tier.

    :param limit: position value up to which it holds, USDT.
    :param maintenance_rate: share of the value beyond the tiers below that must be kept; ``initial_rate`` likewise.
    :param deduction: USDT taken off the maintenance margin, by which it grows without a jump between tiers.
    """

    number: int
    limit: Decimal
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal
    deduction: Decimal


@cache
def risk_tiers(max_leverage: Decimal) -> tuple[RiskTier, ...]:
    """The tiers of a contract, lowest first.

    :param max_leverage: of the lowest one.
    """
    tiers: list[RiskTier] = []
    deduction = Decimal(0)
    for number in range(1, TIERS + 1):
        if tiers:
            deduction += tiers[-1].limit * STEP_RATE
        initial_rate = 1 / max_leverage + STEP_RATE * (number - 1)
        leverage = (1 / initial_rate).quantize(_CENT, ROUND_DOWN) if tiers else max_leverage
        tiers.append(
            RiskTier(number, STEP_VALUE * number, STEP_RATE * number, initial_rate, leverage, deduction),
        )
    return tuple(tiers)


def tier_of(value: Decimal, max_leverage: Decimal) -> RiskTier:
    """The tier of a position worth so much, USDT; beyond the last limit the last one."""
    tiers = risk_tiers(max_leverage)
    return next((tier for tier in tiers if value <= tier.limit), tiers[-1])
