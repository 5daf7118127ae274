"""Take back orders whose position is gone."""

from dataclasses import dataclass

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.services.execution.desk import Desk
from trading_pipeline.services.execution.settle_orders import settle_order


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What was taken back.

    :param cancelled: link ids that are final now.
    :param problems: what the venue did not do.
    """

    cancelled: tuple[str, ...]
    problems: tuple[str, ...]


def cancel_leftovers(*, desk: Desk) -> CancelResult:
    """Cancel reduce-only orders of positions that are closed or failed; those never sent expire."""
    cancelled: list[str] = []
    problems: list[str] = []
    for record in desk.ledger.leftover_intents():
        link_id = record.intent.order_link_id
        if desk.ledger.advance(link_id, IntentState.EXPIRED, "the position was closed before it was sent"):
            cancelled.append(link_id)
            continue
        try:
            desk.trading.cancel(record.intent.symbol, link_id)
            state = settle_order(desk, record)
        except VenueError as error:
            problems.append(f"{link_id}: {error}")
            continue
        if state.final:
            cancelled.append(link_id)
        else:
            problems.append(f"{link_id}: still {state} after the cancellation")
    return CancelResult(tuple(cancelled), tuple(problems))
