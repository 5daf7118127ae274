"""After the entry: a live stop at the venue, then the take profits."""

from dataclasses import dataclass
from enum import StrEnum

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderType, Purpose, Side, order_link_id
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.domain.portfolio.stops import tighter
from trading_pipeline.domain.portfolio.targets import TargetOrder, target_orders
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.close_position import close_position, venue_position
from trading_pipeline.services.execution.desk import Desk
from trading_pipeline.services.execution.settle_orders import await_order, book_fills
from trading_pipeline.services.execution.submit_order import SubmitOutcome, submit_order


class Protection(StrEnum):
    """How a position stands: ``NOT_FILLED`` has nothing to protect yet, ``CLOSED`` nothing any more."""

    NOT_FILLED = "not_filled"
    LIVE_STOP = "live_stop"
    REPAIRED_STOP = "repaired_stop"
    CLOSED = "closed"
    CLOSING_FAILED = "closing_failed"


@dataclass(frozen=True, slots=True)
class ProtectResult:
    """What stands between the position and a loss without end.

    :param targets: outcomes of the take profits, nearest first.
    """

    plan_id: str
    symbol: str
    protection: Protection
    targets: tuple[SubmitOutcome, ...] = ()


def protect_position(*, desk: Desk, plan: TradePlan) -> ProtectResult:
    """See the entry through, prove that the stop is live, place the take profits.

    A stop that is missing is set; where that fails the position is closed at market and the operator
    called. Take profits are sized from what the entry really filled, so they wait for its end.
    Repeating all of it changes nothing.

    :raises TemporaryVenueError: the venue does not answer, so that nothing can be proved.
    """
    position = _see_entry_through(desk, plan)
    if position is None or position.status in (PositionStatus.OPENING, PositionStatus.FAILED):
        return ProtectResult(plan.plan_id, plan.symbol, Protection.NOT_FILLED)
    if position.status is PositionStatus.CLOSED:
        return ProtectResult(plan.plan_id, plan.symbol, Protection.CLOSED)
    protection = _ensure_stop(desk, plan, position)
    if protection in (Protection.CLOSED, Protection.CLOSING_FAILED):
        return ProtectResult(plan.plan_id, plan.symbol, protection)
    return ProtectResult(plan.plan_id, plan.symbol, protection, _place_targets(desk, plan))


def _see_entry_through(desk: Desk, plan: TradePlan) -> Position | None:
    """Wait for the entry's end and for the fills it reports."""
    entry_id = order_link_id(plan.plan_id, Purpose.ENTRY)
    position = desk.ledger.position_of(plan.plan_id)
    if position is None:
        return None
    record = desk.ledger.intent(entry_id)
    if record.state is not IntentState.INTENDED:
        record = await_order(desk, entry_id, final=True)
    for _ in range(desk.patience.tries):
        position = desk.ledger.position_of(plan.plan_id)
        if position is None or position.entry_quantity >= record.filled_quantity:
            break
        desk.patience.read(lambda: book_fills(desk, plan.close_time))
        position = desk.ledger.position_of(plan.plan_id)
        if position is None or position.entry_quantity >= record.filled_quantity:
            break
        desk.patience.rest()
    return position


def _ensure_stop(desk: Desk, plan: TradePlan, position: Position) -> Protection:
    held = venue_position(desk, plan.symbol)
    if held is None:  # closed between two questions: the fills tell how
        desk.patience.read(lambda: book_fills(desk, plan.close_time))
        return Protection.CLOSED
    if held.stop_loss is not None:
        wanted = tighter(plan.bias, held.stop_loss, position.stop_price)
        if wanted == held.stop_loss:
            if wanted != position.stop_price:
                desk.ledger.set_stop(position.position_id, wanted, None)
            return Protection.LIVE_STOP
    problem = _set_stop(desk, position)
    held = venue_position(desk, plan.symbol)
    if held is None:
        desk.patience.read(lambda: book_fills(desk, plan.close_time))
        return Protection.CLOSED
    if held.stop_loss is not None:
        desk.notifier.notify(
            Severity.WARNING,
            f"stop repaired: {plan.symbol}",
            f"The stop of plan {plan.plan_id} was missing or too loose; it is at {held.stop_loss} now. {problem}",
        )
        return Protection.REPAIRED_STOP
    desk.notifier.notify(
        Severity.CRITICAL,
        f"no stop: {plan.symbol}",
        f"Plan {plan.plan_id} is filled, its stop {position.stop_price} cannot be set: {problem}. Closing at market.",
    )
    flat = close_position(desk=desk, plan=plan, purpose=Purpose.EXIT)
    return Protection.CLOSED if flat else Protection.CLOSING_FAILED


def _set_stop(desk: Desk, position: Position) -> str:
    """Try to set the stop; what went wrong, or nothing. The caller looks at the venue in any case."""
    try:
        desk.trading.set_stop_loss(position.symbol, position.stop_price)
    except VenueError as error:
        return str(error)
    return ""


def _place_targets(desk: Desk, plan: TradePlan) -> tuple[SubmitOutcome, ...]:
    position = desk.ledger.position_of(plan.plan_id)
    entry = desk.ledger.intent(order_link_id(plan.plan_id, Purpose.ENTRY))
    if position is None or position.entry_price is None or not entry.state.final:
        return ()
    orders = target_orders(plan, position.entry_quantity, position.entry_price, desk.instrument(plan.symbol))
    link_ids = [_target_link_id(desk, plan, order.purpose) for order in orders]
    for order, link_id in zip(orders, link_ids, strict=True):
        desk.ledger.write_intent(_target_intent(desk, plan, order, link_id))
    return tuple(submit_order(desk=desk, order_link_id=link_id) for link_id in link_ids)


def _target_link_id(desk: Desk, plan: TradePlan, purpose: Purpose) -> str:
    """The first number whose order is not known to have never arrived; reduce-only orders may be repeated."""
    lost = [
        record
        for record in desk.ledger.intents_of(plan.plan_id)
        if record.intent.purpose is purpose and record.state is IntentState.ABSENT
    ]
    return order_link_id(plan.plan_id, purpose, len(lost))


def _target_intent(desk: Desk, plan: TradePlan, order: TargetOrder, link_id: str) -> OrderIntent:
    return OrderIntent(
        order_link_id=link_id,
        plan_id=plan.plan_id,
        purpose=order.purpose,
        symbol=plan.symbol,
        side=Side.opening(plan.bias).opposite,
        order_type=OrderType.LIMIT,
        quantity=order.quantity,
        price=order.price,
        stop_loss=None,
        reduce_only=True,
        valid_until=ALWAYS_VALID,
        run_id=desk.run_id,
    )
