"""Whether the ledger adds up: by subject a sentence about what does not."""

from collections.abc import Iterable
from decimal import Decimal

from trading_pipeline.domain.risk.differences import DifferenceKind
from trading_pipeline.ports.stores.execution.ledger_books import LedgerBooks

SETTLED_WITHIN_S = 120.0
"""Wall seconds after which an order that was perhaps sent has been asked about: reconciliation settles each minute."""

_ROUNDED = Decimal("0.000001")
"""Fraction of a balance that a venue's rounding of a day's fees, funding and averages may make."""


def orders_settled(books: LedgerBooks) -> dict[str, str]:
    """Nothing in flight is forgotten."""
    return _by_subject(
        (one.instrument_id, f"order {one.order_link_id} is {one.state} since {one.age_s:.0f} s")
        for one in books.orders_in_doubt(SETTLED_WITHIN_S)
    )


def fills_booked(books: LedgerBooks) -> dict[str, str]:
    """Fills of each order that is over are what the order filled."""
    return _by_subject(
        (one.instrument_id, f"order {one.order_link_id} filled {one.filled}, its fills add up to {one.booked}")
        for one in books.unbooked_orders()
    )


def results_equal(books: LedgerBooks) -> dict[str, str]:
    """Profit of a closed position is the sum of its fills, less fees and funding."""
    return _by_subject(
        (one.instrument_id, f"{one.part} of position {one.position_id} is {one.told}, by its fills {one.booked}")
        for one in books.unequal_results()
    )


def positions_protected(books: LedgerBooks) -> dict[str, str]:
    """Every open position has a stop, by the ledger and by the last comparison with the venue."""
    known = (
        (one.instrument_id, f"the ledger knows no stop of {one.quantity}") for one in books.unprotected_positions()
    )
    found = (
        (one.instrument_id, f"at the venue {one.detail}")
        for one in books.standing_differences()
        if one.kind is DifferenceKind.NO_STOP
    )
    return _by_subject((*known, *found))


def ledger_equals_venue(books: LedgerBooks) -> dict[str, str]:
    """The last comparison found nothing that still stands."""
    return _by_subject((one.instrument_id, f"{one.kind}: {one.detail}") for one in books.standing_differences())


def wallet_explained(books: LedgerBooks) -> dict[str, str]:
    """The balance moved by what fills earned: a deposit, a withdrawal or a trade by hand is no fill of ours."""
    return _by_subject(
        (
            f"{one.account_id} {one.currency}",
            f"moved by {one.moved} from {one.since:%Y-%m-%d %H:%M:%S} to {one.until:%H:%M:%S} UTC, fills earned "
            f"{one.booked}; a transfer or a trade by hand explains it, or a fill that is not booked",
        )
        for one in books.wallet_steps()
        if abs(one.moved - one.booked) > abs(one.balance) * _ROUNDED
    )


def _by_subject(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Sentences about one subject beside each other."""
    faults: dict[str, list[str]] = {}
    for subject, fault in found:
        faults.setdefault(subject, []).append(fault)
    return {subject: ", ".join(said) for subject, said in faults.items()}
