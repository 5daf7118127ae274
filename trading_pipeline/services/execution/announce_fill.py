"""Tell the operator of executions that nobody here ordered."""

from trading_pipeline.domain.model.fills import Booking, Fill, FillKind
from trading_pipeline.ports.notifications import Notifier, Severity


def announce_fill(*, notifier: Notifier, fill: Fill, booking: Booking) -> None:
    """Say what the venue or a person traded in the account; ours and those known before are not news.

    Whoever books a fill first hears that it is new, so that it is told once, whichever way it came.
    """
    if booking is not Booking.EXTERNAL:
        return
    by_venue = fill.kind is FillKind.VENUE
    who = "The venue itself (liquidation, deleveraging, settlement)" if by_venue else "Somebody else"
    notifier.notify(
        Severity.CRITICAL if by_venue else Severity.WARNING,
        f"external fill: {fill.instrument_id}",
        f"{who} executed {fill.side} {fill.quantity} at {fill.price} on {fill.executed_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"execution {fill.execution_id}. It is booked; look at the position and at the account's margin.",
    )
