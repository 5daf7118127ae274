"""What each part of a position earned: what is entered first leaves first.

The average of ``position_sums`` tells what a position earned as a whole, as the venue books it; lots tell which entry
earned it. Over all lots of a flat position both say the same, and so they do of an open one, with what is held valued
at any price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.position_sums import PositionFill

_ZERO = Decimal(0)
_SHARE = Decimal("1e-12")
"""Fees and funding are told with eight decimals; a share is cut to twelve and the last one takes what is left, so that
the shares add up to the whole exactly."""


@dataclass(frozen=True, slots=True)
class Lot:
    """A quantity that one fill entered and one fill left, or that is still held.

    :param entry_id: execution id of the fill that entered it.
    :param exit_id: of the fill that left it, ``None`` while it is held; so are ``exit_price`` and ``closed_at``.
    :param quantity: base currency; prices are quote currency.
    :param fees: its share of the fees of both fills, settlement currency, positive when paid.
    :param funding: its share of funding while it was held, settlement currency, negative when received.
    """

    entry_id: str
    bias: Bias
    quantity: Decimal
    entry_price: Decimal
    opened_at: datetime
    fees: Decimal
    funding: Decimal = _ZERO
    exit_id: str | None = None
    exit_price: Decimal | None = None
    closed_at: datetime | None = None

    @property
    def realised_pnl(self) -> Decimal:
        """Before fees and funding, settlement currency; nothing while it is held."""
        return _ZERO if self.exit_price is None else self._gain(self.exit_price)

    @property
    def net_pnl(self) -> Decimal:
        """Realised profit after fees and funding, settlement currency."""
        return self.realised_pnl - self.fees - self.funding

    def unrealised_pnl(self, mark: Decimal) -> Decimal:
        """What it would earn at ``mark`` (quote currency) before the fees of leaving; nothing once it is left."""
        return self._gain(mark) if self.exit_price is None else _ZERO

    def _gain(self, price: Decimal) -> Decimal:
        gain = (price - self.entry_price) * self.quantity
        return gain if self.bias is Bias.LONG else -gain


@dataclass
class _Queue:
    """Lots in the order of entry, while fills are walked through."""

    held: list[Lot] = field(default_factory=list)
    left: list[Lot] = field(default_factory=list)

    def leave(self, part: PositionFill, fee: Decimal) -> None:
        """Let an exit take the oldest lots, cutting the last of them."""
        fill, rest, unpaid = part.fill, part.fill.quantity, fee
        while rest and self.held:
            oldest = self.held.pop(0)
            taken, kept = _cut(oldest, min(rest, oldest.quantity))
            rest -= taken.quantity
            share = unpaid if not rest or not (kept or self.held) else _share(fee, taken.quantity, fill.quantity)
            unpaid -= share
            self.left.append(
                replace(
                    taken,
                    fees=taken.fees + share,
                    exit_id=fill.execution_id,
                    exit_price=fill.price,
                    closed_at=fill.executed_at,
                )
            )
            if kept is not None:
                self.held.insert(0, kept)

    def fund(self, amount: Decimal) -> None:
        """Share a payment among what is held, by quantity; one that is told after the exit belongs to the last lot."""
        lots = self.held or self.left[-1:]
        total, unpaid = sum((lot.quantity for lot in lots), _ZERO), amount
        shared = []
        for place, lot in enumerate(lots, start=1):
            share = unpaid if place == len(lots) else _share(amount, lot.quantity, total)
            unpaid -= share
            shared.append(replace(lot, funding=lot.funding + share))
        if self.held:
            self.held = shared
        else:
            self.left[-1:] = shared


def lots_of(position: Position, fills: Sequence[PositionFill]) -> tuple[Lot, ...]:
    """The lots of a position: those that were left, in the order of leaving, then those that are held.

    Fees in another currency than the position's profit are left to their fills, as in the position's own sums. What
    exits more than was entered belongs to no lot.

    :param fills: every fill of the position, in any order.
    """
    queue = _Queue()
    for part in _in_venue_order(fills):
        fill = part.fill
        paid = fill.fee if fill.fee_currency == position.settlement_currency else _ZERO
        if fill.kind is FillKind.FUNDING:
            queue.fund(paid)
        elif part.purpose is Purpose.ENTRY:
            queue.held.append(
                Lot(fill.execution_id, position.bias, fill.quantity, fill.price, fill.executed_at, fees=paid)
            )
        else:
            queue.leave(part, paid)
    return (*queue.left, *queue.held)


def _in_venue_order(fills: Sequence[PositionFill]) -> Iterator[PositionFill]:
    return iter(sorted(fills, key=lambda one: (one.fill.executed_at, one.fill.sequence, one.fill.execution_id)))


def _cut(lot: Lot, quantity: Decimal) -> tuple[Lot, Lot | None]:
    """So much of the lot with its share of what it cost, and what is left of it."""
    if quantity == lot.quantity:
        return lot, None
    fees, funding = _share(lot.fees, quantity, lot.quantity), _share(lot.funding, quantity, lot.quantity)
    return (
        replace(lot, quantity=quantity, fees=fees, funding=funding),
        replace(lot, quantity=lot.quantity - quantity, fees=lot.fees - fees, funding=lot.funding - funding),
    )


def _share(amount: Decimal, quantity: Decimal, of: Decimal) -> Decimal:
    return (amount * quantity / of).quantize(_SHARE, ROUND_DOWN)
