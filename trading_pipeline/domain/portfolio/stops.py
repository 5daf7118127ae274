"""Where the stop belongs: initial, then break-even, then the runner's, as ``docs/lifecycle.md`` says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trading_pipeline.domain.model.errors import ConfigurationError, OrderDenied
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, IntentState, Purpose
from trading_pipeline.domain.model.plans import Runner, TradePlan, TrailRule
from trading_pipeline.domain.model.positions import Position, StopKind
from trading_pipeline.domain.model.signals import Bias

_MOST = Decimal(10) ** 12
"""No instrument costs as much; beyond it ticks cannot be counted exactly."""


@dataclass(frozen=True, slots=True)
class TargetsReached:
    """How far the price has carried the position.

    :param filled: number of the furthest target that filled, 0 for none; one too small to be an order
        went out with it.
    :param last: no target is left, so what remains is the runner.
    """

    filled: int
    last: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop and the level it comes from.

    :param price: quote currency, a multiple of the tick.
    """

    price: Decimal
    kind: StopKind | None


def tighter(bias: Bias, one: Decimal, other: Decimal) -> Decimal:
    """Of two stops in quote currency the one that gives less away."""
    return max(one, other) if bias is Bias.LONG else min(one, other)


def operator_stop(position: Position, price: Decimal, instrument: Instrument, *, loosen: bool) -> Stop:
    """The stop that a person wants; a price that is looser than the present one has to be wanted as such.

    :param price: quote currency.
    :raises ConfigurationError: no price that the venue could hold; the message names the nearest.
    :raises OrderDenied: it is looser, and nobody said that it may be.
    """
    # NaN compares with nothing, so it is asked for by name.
    if not price.is_finite() or not 0 < price < _MOST:
        raise ConfigurationError(f"{price} is no price of {position.instrument_id}; name one in quote currency")
    nearest = instrument.round_price(price)
    if price != nearest:
        raise ConfigurationError(f"{price} is no price of {position.instrument_id}; the nearest is {nearest}")
    if price == position.stop_price and (loosen or position.stop_kind is not StopKind.HELD_STOP):
        return Stop(price, position.stop_kind)
    if tighter(position.bias, price, position.stop_price) == price:
        return Stop(price, StopKind.OPERATOR_STOP)
    if not loosen:
        raise OrderDenied(
            "move_stop",
            f"{price} is looser than the present stop {position.stop_price} of the {position.bias}; say that more may "
            "be lost (loosen) to have it",
            price,
            position.stop_price,
        )
    return Stop(price, StopKind.HELD_STOP)


def next_stop(plan: TradePlan, position: Position, reached: TargetsReached, instrument: Instrument) -> Stop:
    """The stop that the filled targets allow, in whole ticks of quote currency; never looser than the present one, and
    the present one where a person holds it.

    The tightest of the entries' own is the least. After ``break_even_after_targets`` targets it is the average entry
    price; when only the runner is left, the runner's stop as it is remembered takes over where it is tighter.
    """
    if position.stop_kind is StopKind.HELD_STOP:
        return Stop(position.stop_price, StopKind.HELD_STOP)
    initial = Stop(position.initial_stop_price, StopKind.STOP_LOSS)
    stop = _pulled(plan.bias, Stop(position.stop_price, position.stop_kind), initial)
    if 0 < plan.exit_rules.break_even_after_targets <= reached.filled and position.entry_price is not None:
        stop = _pulled(plan.bias, stop, Stop(instrument.round_price(position.entry_price), StopKind.BREAK_EVEN))
    if reached.last and position.runner_stop_price is not None:
        stop = _pulled(plan.bias, stop, Stop(position.runner_stop_price, StopKind.TRAILING_STOP))
    return stop


def runner_indicator(runner: Runner, bias: Bias) -> str | None:
    """The column of the indicator snapshot that the runner's stop reads; ``None`` where it reads none."""
    if runner.trail in (TrailRule.NONE, TrailRule.PERCENT):
        return None
    if runner.trail is TrailRule.PIVOT:
        return "pivot_low" if bias is Bias.LONG else "pivot_high"
    # The rules are named like the columns of the snapshot: `atr_14`, `atr_simple_14`.
    return f"{runner.trail}_{runner.atr_period}"


def runner_level(plan: TradePlan, instrument: Instrument, close: Decimal, value: Decimal) -> Decimal | None:
    """Where a close puts the runner's stop, in whole ticks; ``None`` where that is no price.

    :param close: quote currency.
    :param value: of the column ``runner_indicator`` names: the ATR, or the newest confirmed pivot.
    """
    level = value
    if plan.runner.trail is not TrailRule.PIVOT:
        distance = plan.runner.atr_multiple * value
        level = close - distance if plan.bias is Bias.LONG else close + distance
    return _a_price(instrument, level)


def percent_level(plan: TradePlan, instrument: Instrument, entry_price: Decimal, best: Decimal) -> Decimal | None:
    """Where the rule ``percent`` puts the runner's stop, in whole ticks; ``None`` until the price has come far enough.

    :param entry_price: the average, quote currency.
    :param best: highest price of a long since its entry, lowest of a short, quote currency.
    """
    sign = 1 if plan.bias is Bias.LONG else -1
    if sign * (best - entry_price * (1 + sign * plan.runner.activation)) < 0:
        return None
    return _a_price(instrument, best * (1 - sign * plan.runner.offset))


def _a_price(instrument: Instrument, level: Decimal) -> Decimal | None:
    rounded = instrument.round_price(level)
    # An ATR larger than the price would put a long's stop below zero; no venue takes that.
    return rounded if rounded > 0 else None


def ratcheted(bias: Bias, present: Decimal | None, level: Decimal | None) -> Decimal | None:
    """The tighter of two runner's stops in quote currency, either of which may be unknown."""
    if present is None or level is None:
        return level if present is None else present
    return tighter(bias, present, level)


def passed(bias: Bias, stop_price: Decimal, price: Decimal) -> bool:
    """Whether ``price`` is at or beyond the stop (both quote currency), so that it cannot rest at the venue."""
    return price <= stop_price if bias is Bias.LONG else price >= stop_price


def targets_reached(targets: Mapping[Purpose, IntentState]) -> TargetsReached:
    """Which steps are done, from the states of the take profits that exist.

    A target that ended unfilled (rejected, cancelled, never arrived) counts as if it had not been
    planned, and so does one too small to exist, which was joined to the next one. Without any target
    the whole position is the runner and trails from the start.
    """
    filled = [TAKE_PROFITS.index(purpose) + 1 for purpose, state in targets.items() if state is IntentState.FILLED]
    return TargetsReached(max(filled, default=0), last=all(state.final for state in targets.values()))


def reached_by(records: Sequence[IntentRecord], entries: Sequence[IntentRecord]) -> TargetsReached:
    """How far the targets have come; while an entry may still grow there will be others, so that none is the last.

    :param records: the plan's intents, oldest first; of each target the newest counts.
    """
    targets = {one.intent.purpose: one.state for one in records if one.intent.purpose in TAKE_PROFITS}
    reached = targets_reached(targets)
    growing = any(entry.growing or entry.continuing for entry in entries)
    return replace(reached, last=reached.last and not growing)


def _pulled(bias: Bias, present: Stop, level: Stop) -> Stop:
    """The level where it is strictly tighter, or where it is what an unexplained stop stands at."""
    if level.price == present.price:
        # At equal prices the level that set the stop keeps the name; only a stop nobody remembers gets one.
        return level if present.kind is None else present
    return level if tighter(bias, present.price, level.price) == level.price else present
