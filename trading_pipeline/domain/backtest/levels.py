"""The prices at which a position ends in part or whole: stop, liquidation, targets, runner's stop."""

import math

import numpy as np

from trading_pipeline.domain.backtest.codes import LegKind, Trail, Unit
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import Position, Rules

# Relative: keeps a quotient that is a whole number of steps, but for its last bits, from losing a step.
STEP_TOLERANCE = 1e-12
# A quotient of a few million steps is exact to a billionth of one; no level meant otherwise comes this near a half.
HALF_TOLERANCE = 1e-7


@compiled
def floor_step(value: float, step: float) -> float:
    """The largest whole number of steps that is not above ``value``; ``value`` itself without steps."""
    return steps(math.floor(value / step * (1.0 + STEP_TOLERANCE)), step) if step > 0.0 else value


@compiled
def distance(one: float, other: float, step: float) -> float:
    """How far two prices lie apart; in whole steps where both are, so that 101.2 - 100.8 is 0.4 to the last bit."""
    apart = abs(one - other)
    if not step > 0.0:
        return apart
    whole = steps(np.rint(apart / step), step)
    return whole if abs(apart - whole) < HALF_TOLERANCE * step else apart


@compiled
def round_step(value: float, step: float) -> float:
    """The nearest whole number of steps, halves to even; ``value`` itself without steps.

    A half is one by decimals: 100.35 lies between 100.3 and 100.4 although a float puts it a last bit below.
    """
    if not step > 0.0:
        return value
    count = value / step
    below = math.floor(count)
    half = abs(count - below - 0.5) < HALF_TOLERANCE
    return steps(below + below % 2.0 if half else np.rint(count), step)


@compiled
def steps(count: float, step: float) -> float:
    """So many steps, as the nearest number: 224,891 times 0.1 is 22,489.1 and not a last bit above it.

    A level a last bit away from the price that bars write would not be met by it. Where a whole number of
    steps makes 1, the exact way is to divide by that number.
    """
    per_unit = np.rint(1.0 / step)
    return count / per_unit if abs(per_unit * step - 1.0) < STEP_TOLERANCE else count * step


@compiled
def target_quantity(rules: Rules, p: Position, index: int) -> float:
    """Quantity of a target in whole lots; a part below the smallest order joins the next target."""
    carried, part = 0.0, 0.0
    for j in range(index + 1):
        wanted = carried + rules.target_fraction[j] * p.entry_quantity
        part = floor_step(wanted, p.quantity_increment)
        carried = 0.0
        if part < p.min_quantity or part == 0.0:
            carried, part = wanted, 0.0
    return part


@compiled
def set_levels(rules: Rules, p: Position) -> None:
    """Recompute the levels of a position after its entry, stop, next target or margin changed.

    Isolated margin: a long is liquidated at entry x (1 - margin / notional + maintenance margin).
    """
    target = p.direction * math.inf
    if p.target_index < rules.target_count:
        target = _target_price(rules, p)
    p.liquidation = p.entry_price * (1.0 - p.direction * (_margin_share(rules, p) - rules.maintenance_margin))
    if p.direction > 0:
        p.lower, p.upper = max(p.stop, p.liquidation), target
    else:
        p.lower, p.upper = target, min(p.stop, p.liquidation)


@compiled
def _aim(rules: Rules, p: Position) -> None:
    """Find the next target after those that are done.

    One whose part is too small to be an order is none, and so is one of a short at or below zero.
    """
    p.target_index = p.targets_done
    while p.target_index < rules.target_count and target_quantity(rules, p, p.target_index) == 0.0:
        p.target_index += 1
    if p.target_index < rules.target_count and _target_price(rules, p) <= 0.0:
        # Those behind it lie further down still.
        p.target_index = rules.target_count


@compiled
def _target_price(rules: Rules, p: Position) -> float:
    """Where the next target lies, in whole ticks."""
    unit = abs(p.entry_price - p.initial_stop) if rules.target_unit == Unit.R else p.entry_price
    return round_step(p.entry_price + p.direction * rules.target_distance[p.target_index] * unit, p.price_increment)


@compiled
def bankruptcy(rules: Rules, p: Position) -> float:
    """The price (quote currency) at which the position's loss is its margin."""
    return p.entry_price * (1.0 - p.direction * _margin_share(rules, p))


@compiled
def _margin_share(rules: Rules, p: Position) -> float:
    """What stands behind the position, as a fraction of its notional at the entry."""
    drained = p.drained / (p.entry_price * p.quantity) if p.drained > 0.0 else 0.0
    return rules.margin_rate - drained


@compiled
def after_target(rules: Rules, p: Position) -> None:
    """A target filled and something is left: show the next one, let the stop follow."""
    p.targets_done = p.target_index + 1
    follow(rules, p)


@compiled
def follow(rules: Rules, p: Position) -> None:
    """Set the levels anew after targets or the entry changed, with the stop where the rules pull it at once."""
    _aim(rules, p)
    if not rules.move_stop_at_close:
        _pull_stop(rules, p)
    set_levels(rules, p)


@compiled
def _pull_stop(rules: Rules, p: Position) -> None:
    """Put the stop where the targets reached so far allow it: break-even, then the runner's. Never looser."""
    if 0 < rules.break_even_after <= p.targets_done:
        even = round_step(p.entry_price, p.price_increment)
        if p.direction * (even - p.stop) > 0.0:
            p.stop, p.stop_kind = even, LegKind.BREAK_EVEN
    if _running(rules, p) and p.direction * (p.runner_stop - p.stop) > 0.0:
        p.stop, p.stop_kind = p.runner_stop, LegKind.TRAILING_STOP


@compiled
def _running(rules: Rules, p: Position) -> bool:
    """Whether the runner's stop has its turn: after so many targets, or when there is none left."""
    return rules.trail_after <= p.targets_done or p.target_index == rules.target_count


@compiled
def runner_level(rules: Rules, p: Position, close: float, atr: float, pivot: float) -> float:
    """Where this close puts the runner's stop, quote currency; NaN while unknown. ``pivot`` is on the stop's side."""
    if rules.trail == Trail.ATR:
        return close - p.direction * rules.trail_distance * atr
    if rules.trail == Trail.PIVOT:
        return pivot
    if rules.trail == Trail.NONE:
        return math.nan
    best = p.highest if p.direction > 0 else p.lowest
    armed = p.direction * (best - p.entry_price * (1.0 + p.direction * rules.trail_activation)) >= 0.0
    return best * (1.0 - p.direction * rules.trail_distance) if armed else math.nan


@compiled
def settle_stop(rules: Rules, p: Position, level: float) -> bool:
    """At a close: ratchet the runner's stop to ``level`` (NaN: leave it) and let the stop follow; whether it did.

    What is moved here holds from the next bar on. A stop that moves at closes only trails from the
    close at which its turn has come; otherwise the ratchet runs from the entry.
    """
    # NaN compares false below, so that an unknown level leaves the ratchet alone.
    if _running(rules, p) or not rules.move_stop_at_close:
        level = round_step(level, p.price_increment)
        if p.direction * (level - p.runner_stop) > 0.0:
            p.runner_stop = level
    before = p.stop
    _pull_stop(rules, p)
    if p.stop == before:
        return False
    set_levels(rules, p)
    return True
