"""A position is what its fills add up to; it can be recomputed from them at any time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, Purpose
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias

_ZERO = Decimal(0)
_REASONS = {
    Purpose.EXIT: ExitReason.PROTECTION_FAILED,
    Purpose.NEXT_BAR_EXIT: ExitReason.NEXT_BAR_EXIT,
    Purpose.SIGNAL_EXIT: ExitReason.SIGNAL_EXIT,
    Purpose.OPPOSITE_EXIT: ExitReason.OPPOSITE_SIGNAL,
    Purpose.REVERSAL: ExitReason.REVERSAL,
    Purpose.FUNDING_EXIT: ExitReason.FUNDING_EXIT,
    Purpose.OPERATOR_EXIT: ExitReason.OPERATOR,
    Purpose.CIRCUIT_EXIT: ExitReason.CIRCUIT_BREAKER,
    Purpose.UPGRADE_EXIT: ExitReason.MUTEX_UPGRADE,
}
"""Why a position is flat, where the last order says it all."""


@dataclass(frozen=True, slots=True)
class PositionFill:
    """A fill of the position and why its order exists; ``None`` when the venue made the order."""

    fill: Fill
    purpose: Purpose | None


def recompute(position: Position, layers: Sequence[IntentRecord], fills: Sequence[PositionFill]) -> Position:
    """The position that these fills make, whatever order they were heard in.

    quantity = entries - exits; realised = direction x (exit notional - entry notional + what is held at its cost), of
    exits only so much as was entered.
    It is closed when exits cover the entries and no entry can grow any more, and failed when every entry
    ended without a fill.

    :param layers: the intents of its entries, with what reports say they filled.
    :param fills: every fill attributed to the position.
    """
    payments = [one for one in fills if one.fill.kind is FillKind.FUNDING]
    trades = sorted(
        (one for one in fills if one.fill.kind is not FillKind.FUNDING),
        # Averages depend on the order of exits and layers within one instant; the venue's count settles it.
        key=lambda one: (one.fill.executed_at, one.fill.sequence, one.fill.execution_id),
    )
    entries = [one for one in trades if one.purpose is Purpose.ENTRY]
    exits = [one for one in trades if one.purpose is not Purpose.ENTRY]
    entered, left = _quantity(entries), _quantity(exits)
    status = _status(layers, entries, left)
    closed = status is PositionStatus.CLOSED
    average, held = _average(trades), max(entered - left, _ZERO)
    return replace(
        position,
        status=status,
        quantity=held,
        entry_quantity=entered,
        entry_price=average,
        initial_stop_price=_tightest_stop(position, layers, entries),
        realised_pnl=_realised(position.bias, entries, exits, held * (average or _ZERO)),
        fees=_fees(position, trades),
        funding=_fees(position, payments),
        opened_at=entries[0].fill.executed_at if entries else None,
        closed_at=exits[-1].fill.executed_at if closed else None,
        exit_reason=_exit_reason(position, exits) if closed else None,
        booked_fills=len(trades),
    )


def net_pnl(position: Position) -> Decimal:
    """Realised profit after fees and funding, in the settlement currency (the quote currency of linear perpetuals)."""
    return position.realised_pnl - position.fees - position.funding


def earned_until(position: Position, fills: Sequence[PositionFill], instant: datetime) -> Decimal:
    """What the position had realised at ``instant`` (venue time, UTC) after fees and funding, settlement currency."""
    return net_pnl(recompute(position, (), [one for one in fills if one.fill.executed_at <= instant]))


def unrealised_pnl(position: Position, price: Decimal) -> Decimal:
    """What is open would earn at ``price`` (quote currency), before the fees of leaving; in the settlement currency."""
    if position.entry_price is None:
        return _ZERO
    gain = (price - position.entry_price) * position.quantity
    return gain if position.bias is Bias.LONG else -gain


def r_multiple(position: Position) -> Decimal | None:
    """Net profit in R; one R is |average entry - initial stop| x entry quantity, in quote currency.

    :returns: ``None`` before the first fill, and where average entry and stop are one price.
    """
    if position.entry_price is None:
        return None
    risk = abs(position.entry_price - position.initial_stop_price) * position.entry_quantity
    return net_pnl(position) / risk if risk else None


def _status(layers: Sequence[IntentRecord], entries: Sequence[PositionFill], left: Decimal) -> PositionStatus:
    entered = _quantity(entries)
    if not entered:
        ended = all(layer.empty or layer.unsent_level for layer in layers)
        return PositionStatus.FAILED if ended else PositionStatus.OPENING
    # Flat is not closed while an entry may still fill: what it fills then has to find an open position to protect.
    grown = all(_grown(layer, entries) for layer in layers)
    return PositionStatus.CLOSED if left >= entered and grown else PositionStatus.OPEN


def _grown(layer: IntentRecord, entries: Sequence[PositionFill]) -> bool:
    """Whether all that the entry will ever fill is booked."""
    booked = _quantity([one for one in entries if one.fill.order_link_id == layer.intent.order_link_id])
    return booked >= layer.intent.quantity or (layer.state.final and booked >= layer.filled_quantity)


def _average(trades: Sequence[PositionFill]) -> Decimal | None:
    """What is held cost on average, quote currency. After an exit less is held, so that the next layer weighs more."""
    held, cost, average = _ZERO, _ZERO, None
    for one in trades:
        if one.purpose is Purpose.ENTRY:
            held, cost = held + one.fill.quantity, cost + one.fill.quantity * one.fill.price
            average = cost / held
        elif average is not None:
            held = max(held - one.fill.quantity, _ZERO)
            cost = average * held
    return average


def _tightest_stop(position: Position, layers: Sequence[IntentRecord], entries: Sequence[PositionFill]) -> Decimal:
    """Of the entries that filled, the stop (quote currency) that gives least away."""
    filled = {one.fill.order_link_id for one in entries}
    stops = [one.intent.stop_loss for one in layers if one.intent.order_link_id in filled and one.intent.stop_loss]
    tightest = max if position.bias is Bias.LONG else min
    return tightest(stops, default=position.initial_stop_price)


def _quantity(fills: Sequence[PositionFill]) -> Decimal:
    return sum((one.fill.quantity for one in fills), _ZERO)


def _fees(position: Position, fills: Sequence[PositionFill]) -> Decimal:
    """Sum in the currency of the position's profit; fees in others cannot be added to it without a price."""
    return sum((one.fill.fee for one in fills if one.fill.fee_currency == position.settlement_currency), _ZERO)


def _notional(fills: Sequence[PositionFill]) -> Decimal:
    return sum((one.fill.quantity * one.fill.price for one in fills), _ZERO)


def _notional_up_to(fills: Sequence[PositionFill], quantity: Decimal) -> Decimal:
    """Of the first of them, until they add up to the quantity."""
    notional = _ZERO
    for one in fills:
        taken = min(one.fill.quantity, quantity)
        notional, quantity = notional + taken * one.fill.price, quantity - taken
    return notional


def _realised(
    bias: Bias, entries: Sequence[PositionFill], exits: Sequence[PositionFill], held_at_cost: Decimal
) -> Decimal:
    if not entries or not exits:
        return _ZERO
    # More leaves than was entered where the venue's position was larger than ours: that part is nobody's gain here.
    gain = _notional_up_to(exits, _quantity(entries)) - _notional(entries) + held_at_cost
    return gain if bias is Bias.LONG else -gain


def _exit_reason(position: Position, exits: Sequence[PositionFill]) -> ExitReason:
    last = exits[-1]
    if last.purpose in _REASONS:
        return _REASONS[last.purpose]
    if last.purpose in TAKE_PROFITS or last.fill.kind is FillKind.TAKE_PROFIT:
        return ExitReason.TAKE_PROFIT
    if last.purpose is Purpose.STOP_EXIT or last.fill.kind is FillKind.STOP_LOSS:
        # a stop nobody remembers setting counts as a loss, which is the cautious side: it starts a cooldown
        return ExitReason(position.stop_kind or StopKind.STOP_LOSS)
    return ExitReason.EXTERNAL
