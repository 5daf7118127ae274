"""Take profits: how the filled quantity is split and where the limits rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import TAKE_PROFITS, Purpose
from trading_pipeline.domain.model.plans import Target, TradePlan
from trading_pipeline.domain.model.signals import Bias


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
    """Entry plus (long) or minus (short) ``r_multiple`` x |entry - stop|, before rounding."""
    distance = r_multiple * abs(entry_price - stop_price)
    return entry_price + distance if bias is Bias.LONG else entry_price - distance


def target_orders(
    plan: TradePlan, filled_quantity: Decimal, entry_price: Decimal, instrument: Instrument
) -> list[TargetOrder]:
    """The take profits of a filled entry, nearest first; what they leave over is the runner.

    One R is measured from the average fill price to the stop as the venue holds it, a multiple of the
    tick: slippage moves the targets with the entry, and R is what the stop really costs. Each part is
    rounded down to the step. A part below the venue's minimum joins the next one; what the last target
    cannot carry stays with the runner, or goes out with the last target when the plan has no runner.

    :param filled_quantity: base currency the entry really filled.
    :param entry_price: its average price.
    """
    orders: list[TargetOrder] = []
    carried = Decimal(0)
    stop_price = instrument.round_price(plan.stop_price)
    last = TAKE_PROFITS[len(plan.targets) - 1]
    for purpose, target in zip(TAKE_PROFITS, _nearest_first(plan.targets), strict=False):
        share = carried + filled_quantity * target.fraction
        quantity = instrument.floor_quantity(min(share, filled_quantity))
        if quantity < instrument.min_quantity:
            carried = share
            continue
        carried = Decimal(0)
        if purpose is last and plan.runner.fraction == 0:
            quantity = instrument.floor_quantity(filled_quantity - sum((one.quantity for one in orders), Decimal(0)))
        price = target_price(plan.bias, entry_price, stop_price, target.r_multiple)
        rounded = instrument.round_price(price)
        if rounded > 0:
            orders.append(TargetOrder(purpose, quantity, rounded))
    return orders


def _nearest_first(targets: Sequence[Target]) -> list[Target]:
    return sorted(targets, key=lambda target: target.r_multiple)
