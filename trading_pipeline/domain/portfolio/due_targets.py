"""The targets that should rest for what a position has filled, and the ids they go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, IntentState, Purpose, order_link_id
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.stops import targets_reached
from trading_pipeline.domain.portfolio.targets import Entered, TargetOrder, target_orders


@dataclass(frozen=True, slots=True)
class DueTarget:
    """A target and the client order id that it has, or will have.

    :param layer: the newest layer whose fill it is sized by.
    """

    order: TargetOrder
    link_id: str
    layer: int


def entries_settled(position: Position, entries: Sequence[IntentRecord]) -> bool:
    """Whether what the entries filled is known and booked, so that targets can be sized from it."""
    reported = sum((entry.filled_quantity for entry in entries), Decimal(0))
    under_way = any((entry.growing and not entry.waits) or entry.continuing for entry in entries)
    return not under_way and position.entry_quantity >= reported


def newest_layer(entries: Sequence[IntentRecord]) -> int:
    """The last layer that filled anything; the targets go by it."""
    return max(entry.intent.layer for entry in entries if entry.filled_quantity)


def due_targets(
    plan: TradePlan, position: Position, records: Sequence[IntentRecord], layer: int, instrument: Instrument
) -> list[DueTarget]:
    """Nearest first; those that rest or have filled as part of the present layer are among them.

    :param plan: the one that opened the position.
    :param position: with an average entry price.
    :param records: every intent of the plan, oldest first; targets of earlier layers have ended.
    :param layer: the position's newest.
    """
    targets = [one for one in records if one.intent.purpose in TAKE_PROFITS]
    earlier = [one for one in targets if one.intent.layer < layer]
    if position.entry_price is None:
        return []
    entered = Entered(
        quantity=position.entry_quantity,
        price=position.entry_price,
        stop_price=position.initial_stop_price,
        reached=targets_reached({one.intent.purpose: one.state for one in earlier}).filled,
        taken=_taken(earlier),
    )
    orders = target_orders(plan, entered, instrument)
    return [DueTarget(order, _link_id(targets, plan, order.purpose, layer), layer) for order in orders]


def _taken(targets: Sequence[IntentRecord]) -> dict[Purpose, Decimal]:
    """Base currency that targets have filled, by their purpose."""
    taken: dict[Purpose, Decimal] = {}
    for record in targets:
        taken[record.intent.purpose] = taken.get(record.intent.purpose, Decimal(0)) + record.filled_quantity
    return taken


def _link_id(targets: Sequence[IntentRecord], plan: TradePlan, purpose: Purpose, layer: int) -> str:
    """The newest order's, or the next where that one never arrived; reduce-only orders may be repeated."""
    same = [one for one in targets if (one.intent.purpose, one.intent.layer) == (purpose, layer)]
    lost = not same or same[-1].state is IntentState.ABSENT
    return order_link_id(plan.plan_id, purpose, len(same) - (0 if lost else 1), layer)
