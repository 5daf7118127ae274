"""Hold the venue's account against the ledger."""

from dataclasses import dataclass

from trading_pipeline.domain.model.orders import OrderReport, Side
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, VenuePosition
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.desk import Desk
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.halt_trading import halt_trading
from trading_pipeline.services.execution.protect_position import ProtectResult, protect_position
from trading_pipeline.services.execution.settle_orders import SettleResult, book_fills, settle_orders


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What was found and done.

    :param differences: disagreements seen twice in a row.
    :param halted: instruments that this call halted.
    :param protected: what was done about positions of ours without a stop.
    """

    differences: tuple[Difference, ...]
    halted: tuple[str, ...]
    protected: tuple[ProtectResult, ...]
    settled: SettleResult


def reconcile_account(*, desk: Desk) -> ReconcileResult:
    """Settle and compare, and where the two disagree twice: halt the instrument, keep protecting, call a human.

    Fills whose event was lost are answered here.

    Nothing is closed, adopted or lifted. A change on its way looks like a difference for a moment,
    so what is seen once is looked at again after settling and booking what may have been missed.

    :raises TemporaryVenueError: the venue does not answer.
    """
    settled = follow_fills(desk=desk).settled
    protected = _protect_naked(desk)
    suspected = _observe(desk)
    confirmed: tuple[Difference, ...] = ()
    if suspected:
        desk.patience.rest()
        settle_orders(desk=desk)
        _book_since_oldest_position(desk)
        seen = {(one.instrument_id, one.kind) for one in suspected}
        confirmed = tuple(one for one in _observe(desk) if (one.instrument_id, one.kind) in seen)
    desk.halts.record_differences(confirmed, desk.run_id, desk.clock.now())
    return ReconcileResult(confirmed, _halt(desk, confirmed), protected, settled)


def _observe(desk: Desk) -> list[Difference]:
    held = {position.instrument_id: position for position in desk.patience.read(desk.trading.positions)}
    orders = desk.patience.read(desk.trading.open_orders)
    ours = {position.instrument_id: position for position in desk.ledger.live_positions()}
    found = [_unknown_position(held[instrument_id]) for instrument_id in sorted(held.keys() - ours.keys())]
    for instrument_id, position in sorted(ours.items()):
        difference = _difference(position, held.get(instrument_id))
        if difference is not None:
            found.append(difference)
    known = {record.intent.order_link_id for record in desk.ledger.open_intents()}
    found += [_unknown_order(order) for order in orders if order.order_link_id not in known]
    return found


def _difference(ours: Position, held: VenuePosition | None) -> Difference | None:
    if held is None:
        if not ours.quantity:
            return None  # an entry under way: the first, or a layer of what was closed meanwhile
        detail = f"the ledger holds {ours.quantity}, the venue is flat"
        return Difference(ours.instrument_id, DifferenceKind.MISSING_POSITION, detail)
    at_venue = held.quantity if held.side is Side.opening(ours.bias) else -held.quantity
    if at_venue != ours.quantity:
        detail = f"the ledger holds {ours.quantity} {ours.bias}, the venue {held.quantity} on the {held.side} side"
        return Difference(ours.instrument_id, DifferenceKind.QUANTITY, detail)
    if held.stop_loss is None:
        return Difference(ours.instrument_id, DifferenceKind.NO_STOP, f"{held.quantity} without a live stop")
    return None


def _unknown_position(held: VenuePosition) -> Difference:
    detail = f"external: the venue holds {held.quantity} on the {held.side} side that no plan opened"
    return Difference(held.instrument_id, DifferenceKind.UNKNOWN_POSITION, detail)


def _unknown_order(order: OrderReport) -> Difference:
    detail = f"external: order {order.order_link_id or order.venue_order_id} rests and the ledger does not expect it"
    return Difference(order.instrument_id, DifferenceKind.UNKNOWN_ORDER, detail)


def _protect_naked(desk: Desk) -> tuple[ProtectResult, ...]:
    """A position of ours without a stop is not left for a second look."""
    naked = {held.instrument_id for held in desk.patience.read(desk.trading.positions) if held.stop_loss is None}
    plans = [desk.ledger.plan(ours.plan_id) for ours in desk.ledger.live_positions() if ours.instrument_id in naked]
    return tuple(_protect(desk, plan) for plan in plans)


def _protect(desk: Desk, plan: TradePlan) -> ProtectResult:
    with desk.ledger.holding(plan.plan_id):
        return protect_position(desk=desk, plan=plan)


def _book_since_oldest_position(desk: Desk) -> None:
    starts = [desk.ledger.plan(position.plan_id).close_time for position in desk.ledger.live_positions()]
    if starts:
        book_fills(desk, min(starts))


def _halt(desk: Desk, differences: tuple[Difference, ...]) -> tuple[str, ...]:
    halted = []
    for one in differences:
        reason = f"reconciliation: {one.kind}: {one.detail}"
        if halt_trading(
            halts=desk.halts, notifier=desk.notifier, clock=desk.clock, reason=reason, scope=one.instrument_id
        ):
            halted.append(one.instrument_id)
        else:
            desk.notifier.notify(Severity.WARNING, f"still different: {one.instrument_id}", reason)
    return tuple(halted)
