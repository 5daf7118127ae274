"""A position is what its fills add up to; it can be recomputed from them at any time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
}
"""Why a position is flat, where the last order says it all."""


@dataclass(frozen=True, slots=True)
class PositionFill:
    """A fill of the position and why its order exists; ``None`` when the venue made the order."""

    fill: Fill
    purpose: Purpose | None


def recompute(position: Position, entry: IntentRecord, fills: Sequence[PositionFill]) -> Position:
    """The position that these fills make, whatever order they were heard in.

    quantity = entries - exits; realised = direction x (exit notional - entry notional x exits / entries).
    It is closed when exits cover the entry and the entry can grow no more, and failed when the entry
    ended without a fill.

    :param entry: the entry's intent, with what reports say it filled.
    :param fills: every fill attributed to the position.
    """
    payments = [one for one in fills if one.fill.kind is FillKind.FUNDING]
    trades = sorted(
        (one for one in fills if one.fill.kind is not FillKind.FUNDING),
        key=lambda one: (one.fill.executed_at, one.fill.execution_id),
    )
    entries = [one for one in trades if one.purpose is Purpose.ENTRY]
    exits = [one for one in trades if one.purpose is not Purpose.ENTRY]
    entered, left = _quantity(entries), _quantity(exits)
    status = _status(entry, entered, left)
    closed = status is PositionStatus.CLOSED
    return replace(
        position,
        status=status,
        quantity=max(entered - left, _ZERO),
        entry_quantity=entered,
        entry_price=_notional(entries) / entered if entered else None,
        realised_pnl=_realised(position.bias, entries, exits),
        fees=_fees(trades),
        funding=_fees(payments),
        opened_at=entries[0].fill.executed_at if entries else None,
        closed_at=exits[-1].fill.executed_at if closed else None,
        exit_reason=_exit_reason(position, exits) if closed else None,
        booked_fills=len(trades),
    )


def net_pnl(position: Position) -> Decimal:
    """Realised profit after fees and funding, quote currency."""
    return position.realised_pnl - position.fees - position.funding


def r_multiple(position: Position) -> Decimal | None:
    """Net profit in risk units; one R is |average entry - initial stop| x entry quantity.

    :returns: ``None`` before the first fill.
    """
    if position.entry_price is None:
        return None
    risk = abs(position.entry_price - position.initial_stop_price) * position.entry_quantity
    return net_pnl(position) / risk if risk else None


def _status(entry: IntentRecord, entered: Decimal, left: Decimal) -> PositionStatus:
    if not entered:
        ended_empty = entry.state.final and not entry.filled_quantity
        return PositionStatus.FAILED if ended_empty else PositionStatus.OPENING
    grown = entered >= entry.intent.quantity or (entry.state.final and entered >= entry.filled_quantity)
    return PositionStatus.CLOSED if left >= entered and grown else PositionStatus.OPEN


def _quantity(fills: Sequence[PositionFill]) -> Decimal:
    return sum((one.fill.quantity for one in fills), _ZERO)


def _fees(fills: Sequence[PositionFill]) -> Decimal:
    return sum((one.fill.fee for one in fills), _ZERO)


def _notional(fills: Sequence[PositionFill]) -> Decimal:
    return sum((one.fill.quantity * one.fill.price for one in fills), _ZERO)


def _realised(bias: Bias, entries: Sequence[PositionFill], exits: Sequence[PositionFill]) -> Decimal:
    entered, left = _quantity(entries), _quantity(exits)
    if not entered or not left:
        return _ZERO
    gain = _notional(exits) - _notional(entries) * left / entered
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
