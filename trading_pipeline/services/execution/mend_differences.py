"""Mend by itself what the configuration says may be mended, once it has stood for two comparisons; off by default."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext

_SIGHTINGS = 2
"""Comparisons, each of which has seen it twice, with the venue's answers of this minute and of the one before."""


def mend_differences(*, context: ExecutionContext, standing: Sequence[Difference]) -> dict[str, str]:
    """Mend what may be; the halt of the instrument stays until a person lifts it.

    :param standing: what the comparison found that has just been kept.
    :returns: by instrument what was done, or why it was not.
    """
    allowed = [one for one in standing if one.kind in context.limits.reconciliation.autofix]
    if not allowed:
        return {}
    # A fill under way looks like a difference for a moment; what is seen again a minute later is no such thing.
    lasting = context.differences.seen(_SIGHTINGS)
    return {one.instrument_id: _mend(context, one) for one in allowed if one.key in lasting}


def _mend(context: ExecutionContext, difference: Difference) -> str:
    try:
        done = _WAYS[difference.kind](context, difference)
    # One that cannot be mended is looked at by a person, as all are without the switch.
    except (*POSITION_TROUBLE, DataError) as error:
        return f"not mended: {error}"
    context.differences.note(difference, done)
    context.notifier.notify(
        Severity.WARNING,
        f"mended: {difference.instrument_id}",
        f"{difference.kind}: {difference.detail}; {done}. The instrument stays halted until somebody resumes it.",
    )
    return done


def _take_back(context: ExecutionContext, difference: Difference) -> str:
    """Cancel an order that the ledger does not expect."""
    context.trading.cancel(difference.instrument_id, difference.subject)
    return f"order {difference.subject} was taken back"


def _close_in_ledger(context: ExecutionContext, difference: Difference) -> str:
    """Let the ledger be flat, as the venue is: what is held is booked out at the middle of the book.

    The fills that closed it are not known, and neither is their price: the middle of the book is what it was worth when
    it was mended. No order is sent.

    :raises DataError: the venue holds it after all, or there is no price.
    """
    instrument_id = difference.instrument_id
    position = next(one for one in context.ledger.live_positions() if one.instrument_id == instrument_id)
    # Asked once more: to book out what is held would leave a position without anybody who knows of it.
    if context.retries.read(lambda: context.trading.position(instrument_id)) is not None:
        raise DataError(f"the venue holds {instrument_id} after all; it is compared again in a minute")
    book = context.market.order_book(instrument_id)
    if not book.bids or not book.asks:
        raise DataError(f"the book of {instrument_id} has no two sides to value {position.quantity} at")
    price = (book.bids[0][0] + book.asks[0][0]) / 2
    context.ledger.apply_fill(_booked_out(context, position, price))
    return f"the ledger's {position.quantity} were booked out at {price}, the middle of the book"


def _booked_out(context: ExecutionContext, position: Position, price: Decimal) -> Fill:
    return Fill(
        # Of the position and its fills, so that a run which dies here books it once.
        execution_id=f"mended-{position.position_id}-{position.booked_fills}",
        order_link_id="",
        venue_order_id="",
        instrument_id=position.instrument_id,
        side=Side.opening(position.bias).opposite,
        quantity=position.quantity,
        price=price,
        fee=Decimal(0),
        fee_currency=position.settlement_currency,
        is_maker=False,
        kind=FillKind.VENUE,
        executed_at=context.clock.now(),
    )


_WAYS: Mapping[DifferenceKind, Callable[[ExecutionContext, Difference], str]] = {
    DifferenceKind.UNKNOWN_ORDER: _take_back,
    DifferenceKind.MISSING_POSITION: _close_in_ledger,
}
"""Of the others none can be mended without sending an order that no plan stands behind."""
