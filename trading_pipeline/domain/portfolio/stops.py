"""Where the stop belongs after a close: initial, then break-even, then behind the runner."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import IntentState, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.signals import Bias


@dataclass(frozen=True, slots=True)
class TargetsReached:
    """Which steps of the plan are behind the position.

    :param first: the first target filled, so the trade may not lose any more.
    :param last: no target is left, so what remains is the runner.
    """

    first: bool
    last: bool


def tighter(bias: Bias, one: Decimal, other: Decimal) -> Decimal:
    """The stop that gives less away."""
    return max(one, other) if bias is Bias.LONG else min(one, other)


def next_stop(
    plan: TradePlan,
    position: Position,
    reached: TargetsReached,
    instrument: Instrument,
    close: Decimal | None,
    atr: Decimal | None,
) -> Decimal:
    """The stop for the bars after this close; never looser than the present one.

    After the first target it is the average entry price. When only the runner is left it trails the
    close by ``atr_multiple`` x ATR, and stays where it is while either number is missing.

    :param close: the bar's close, quote currency.
    :param atr: average true range at that close, quote currency.
    """
    stop = position.stop_price
    if reached.first and position.entry_price is not None:
        stop = tighter(plan.bias, stop, instrument.round_price(position.entry_price))
    if reached.last and close is not None and atr is not None:
        distance = plan.runner.atr_multiple * atr
        trail = close - distance if plan.bias is Bias.LONG else close + distance
        rounded = instrument.round_price(trail)
        if rounded > 0:
            stop = tighter(plan.bias, stop, rounded)
    return stop


def passed(bias: Bias, stop_price: Decimal, price: Decimal) -> bool:
    """Whether the market is already at or beyond the stop, so that it cannot rest at the venue."""
    return price <= stop_price if bias is Bias.LONG else price >= stop_price


def targets_reached(targets: Mapping[Purpose, IntentState]) -> TargetsReached:
    """Which steps are done, from the states of the take profits that exist.

    A target that ended unfilled (rejected, cancelled, never arrived) counts as if it had not been
    planned, and so does one too small to exist, which was joined to the next one. Without any target
    the whole position is the runner and trails from the start.
    """
    filled = any(state is IntentState.FILLED for state in targets.values())
    return TargetsReached(first=filled, last=all(state.final for state in targets.values()))
