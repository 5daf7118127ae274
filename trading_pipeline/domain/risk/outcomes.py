"""What became of a signal, in the words of ``docs/lifecycle.md``, which backtests use too."""

from collections.abc import Mapping

STOP_NOT_PROTECTIVE = "stop_not_protective"
NO_PLAN = "no_plan"
"""No enabled strategy stands behind the signal."""

AFTER_HOLE = "after_hole"
"""Bars lack before the signal's bar, and the strategy has not had its warm-up since."""

# Backtests know fewer reasons than the gate: several of its rules are one outcome there.
OUTCOMES: Mapping[str, str] = {
    "stop_side": STOP_NOT_PROTECTIVE,
    "stop_distance": STOP_NOT_PROTECTIVE,
    "symbol_busy": "position_open",
    "opposite_position": "position_open",
    "min_quantity": "too_small",
    "min_notional": "too_small",
    "min_amount": "too_small",
    "volatility": "too_small",
}
"""Rules of the gate whose denial has a word of its own; every other rule's name is the outcome."""


def outcome_of(rule: str) -> str:
    """The outcome of a plan that this rule of the gate denied."""
    return OUTCOMES.get(rule, rule)
