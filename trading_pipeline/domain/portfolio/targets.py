"""Take profits: how the filled quantity is split and where the limits rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import TAKE_PROFITS, Purpose
from trading_pipeline.domain.model.plans import Target, TradePlan
from trading_pipeline.domain.model.signals import Bias

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TargetOrder:
    """One reduce-only limit.

    :param quantity: base currency, a multiple of the step.
    :param price: quote currency, a multiple of the tick.
    """

    purpose: Purpose
    quantity: Decimal
    price: Decimal


def target_price(bias: Bias, entry_price: Decimal, stop_price: Decimal, r_multiple: Decimal) -> Decimal:
    """Entry plus (long) or minus (short) ``r_multiple`` x |entry - stop|, in quote currency, not yet on the tick."""
    distance = r_multiple * abs(entry_price - stop_price)
    return entry_price + distance if bias is Bias.LONG else entry_price - distance


@dataclass(frozen=True, slots=True)
class Entered:
    """What a position's targets are measured from.

    :param quantity: base currency that all its entries really filled.
    :param price: their average price, quote currency.
    :param stop_price: where R ends, quote currency, a multiple of the tick.
    :param reached: targets that filled before its newest entry; they stay filled.
    :param taken: base currency that targets had filled by then, those included that did not fill as a whole.
    """

    quantity: Decimal
    price: Decimal
    stop_price: Decimal
    reached: int = 0
    taken: Mapping[Purpose, Decimal] = field(default_factory=dict)

    def part(self, purpose: Purpose, share: Decimal) -> Decimal:
        """Base currency that a target has yet to fill.

        :param share: its part of everything that was entered, base currency.
        """
        return share - self.taken.get(purpose, _ZERO)


def target_orders(plan: TradePlan, entered: Entered, instrument: Instrument) -> list[TargetOrder]:
    """The take profits of what was entered that have not filled, nearest first; what they leave over is the runner.

    One R is measured from the average fill price to the stop as the venue holds it, a multiple of the
    tick: slippage moves the targets with the entry, and R is what the stop really costs. Each part is
    rounded down to the step. A part below the venue's minimum joins the next one; what the last target
    cannot carry stays with the runner, or goes out with the last target when the plan has no runner.
    """
    orders: list[TargetOrder] = []
    carried, left = _ZERO, entered.quantity - sum(entered.taken.values(), _ZERO)
    last = TAKE_PROFITS[len(plan.targets) - 1]
    for number, (purpose, target) in enumerate(zip(TAKE_PROFITS, _nearest_first(plan.targets), strict=False), start=1):
        share = carried + entered.quantity * target.fraction
        # Targets that filled stay filled, however much a layer has enlarged their part since; what
        # is asked of them is only whether they were orders of their own or joined the next one.
        part = share if number <= entered.reached else entered.part(purpose, share)
        quantity = instrument.floor_quantity(min(part, entered.quantity))
        if quantity < instrument.min_quantity:
            carried = part
            continue
        carried = _ZERO
        if number <= entered.reached:
            continue
        # Never more on sale than is held: rounding and parts joined to their neighbour could add up to more.
        rest = instrument.floor_quantity(left - sum((one.quantity for one in orders), _ZERO))
        quantity = rest if purpose is last and plan.runner.fraction == 0 else min(quantity, rest)
        price = target_price(plan.bias, entered.price, entered.stop_price, target.r_multiple)
        rounded = instrument.round_price(price)
        if rounded > 0 and quantity >= instrument.min_quantity:
            orders.append(TargetOrder(purpose, quantity, rounded))
    return orders


def _nearest_first(targets: Sequence[Target]) -> list[Target]:
    # Files may name targets in any order; the purposes TP1 to TP3 mean nearest to farthest.
    return sorted(targets, key=lambda target: target.r_multiple)
