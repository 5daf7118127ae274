"""How an intent moves: by our own acts, and by what is heard from the venue in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderReport

# What our own acts may do; whatever is heard from the venue goes through `later_state` instead.
_OWN_STEPS = {
    IntentState.INTENDED: {IntentState.SENT, IntentState.EXPIRED},
    IntentState.SENT: {
        IntentState.INTENDED,  # the venue refused before looking: nothing was sent
        IntentState.ACKNOWLEDGED,
        IntentState.REJECTED,
        IntentState.UNKNOWN,
        IntentState.ABSENT,
    },
    IntentState.UNKNOWN: {IntentState.ACKNOWLEDGED, IntentState.REJECTED, IntentState.ABSENT},
}
# Reports arrive late, twice and out of order, so a state is only ever replaced by one further along.
_RANK = {
    IntentState.INTENDED: 0,
    IntentState.SENT: 1,
    IntentState.UNKNOWN: 2,
    IntentState.ABSENT: 3,
    IntentState.ACKNOWLEDGED: 4,
    IntentState.PARTIALLY_FILLED: 5,
}
_FINAL_RANK = 6


def may_step(now: IntentState, to: IntentState) -> bool:
    """Whether our own side may move an intent from ``now`` to ``to``."""
    return to in _OWN_STEPS.get(now, set())


def later_state(now: IntentState, heard: IntentState) -> IntentState:
    """The state after hearing ``heard`` while in ``now``: never back, never out of a final one.

    ``ABSENT`` ranks below anything a venue says, because it is a conclusion from silence.
    """
    return heard if _RANK.get(heard, _FINAL_RANK) > _RANK.get(now, _FINAL_RANK) else now


def repeats(record: IntentRecord, report: OrderReport) -> bool:
    """Whether the report would leave the intent as it is: no later state, nothing newer, no other words."""
    return (
        later_state(record.state, report.state) is record.state
        and record.changed_at is not None
        and report.updated_at <= record.changed_at
        and report.venue_order_id in ("", record.venue_order_id)
        and report.reason in ("", record.reason)
        and report.filled_quantity <= record.filled_quantity
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """State and filled part of one order.

    :param filled_quantity: base currency.
    :param average_price: quote currency, ``None`` when nothing is filled.
    """

    state: IntentState
    filled_quantity: Decimal
    average_price: Decimal | None


def progress_with_fills(progress: Progress, quantity: Decimal, fills: Sequence[Fill]) -> Progress:
    """Let the order's fills speak: they move the state, and price what they cover.

    :param progress: what reports have said so far.
    :param quantity: base currency ordered.
    :param fills: every fill booked for the order; funding is ignored.
    """
    trades = [fill for fill in fills if fill.kind is not FillKind.FUNDING]
    booked = sum((fill.quantity for fill in trades), Decimal(0))
    # Executions trail reports: until they cover what the venue says is filled, its report knows more.
    if booked == 0 or booked < progress.filled_quantity:
        return progress
    heard = IntentState.FILLED if booked >= quantity else IntentState.PARTIALLY_FILLED
    average = sum((fill.quantity * fill.price for fill in trades), Decimal(0)) / booked
    return Progress(later_state(progress.state, heard), booked, average)
