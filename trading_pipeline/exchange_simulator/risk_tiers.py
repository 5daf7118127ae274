"""Risk tiers: the larger a position, the more margin it needs and the less leverage it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise

from trading_pipeline.exchange_simulator.venue_tiers import USUAL, VENUE_TIERS

Row = tuple[Decimal, Decimal, Decimal, Decimal]
"""Limit, maintenance rate, initial rate and largest leverage of a tier."""


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One tier.

    :param limit: position value up to which it holds, USDT.
    :param maintenance_rate: share of the value that must be kept, less the deduction.
    :param initial_rate: share of the value that opening it binds at least.
    :param deduction: USDT taken off the maintenance margin, by which it grows without a jump between tiers.
    """

    number: int
    limit: Decimal
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal
    deduction: Decimal


@cache
def risk_tiers(symbol: str, max_leverage: Decimal) -> tuple[RiskTier, ...]:
    """The tiers of a contract, lowest first: the venue's, for a symbol that is not well known those of a usual one.

    :param max_leverage: of the lowest one; tiers of the venue that allow more are left out.
    """
    lines = [line.split() for line in VENUE_TIERS.get(symbol, VENUE_TIERS[USUAL]).split("\n") if line.strip()]
    rows = [(limit, kept, bound, most) for limit, kept, bound, most in (map(Decimal, line) for line in lines)]
    return numbered([row for row in rows if row[3] <= max_leverage] or rows[-1:])


def numbered(chosen: Sequence[Row]) -> tuple[RiskTier, ...]:
    """Tiers of rows, lowest first, with the deductions that follow from them."""
    deductions = [Decimal(0)]
    for (limit, kept, *_), (_, more, *_) in pairwise(chosen):
        deductions.append(deductions[-1] + limit * (more - kept))
    return tuple(
        RiskTier(number, *row, deduction)
        for number, (row, deduction) in enumerate(zip(chosen, deductions, strict=True), 1)
    )


def tier_of(value: Decimal, tiers: tuple[RiskTier, ...]) -> RiskTier:
    """The tier of a position worth so much, USDT; beyond the last limit the last one."""
    return next((tier for tier in tiers if value <= tier.limit), tiers[-1])


def limit_at(leverage: Decimal, tiers: tuple[RiskTier, ...]) -> Decimal:
    """The largest position value that the leverage is allowed for, USDT."""
    return max((tier.limit for tier in tiers if leverage <= tier.max_leverage), default=tiers[0].limit)
