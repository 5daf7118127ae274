"""Recomputing an order and its position inside the caller's transaction.

Locks are always taken in the order intent, position, plan, so two processes that hear of the same
order wait for each other instead of locking each other out.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Row, func, select, update

from trading_pipeline.adapters.stores.execution.ledger_rows import (
    LIVE_STATUSES,
    entries_query,
    fill_of,
    fill_query,
    intent_query,
    position_of,
    position_query,
    position_sums,
    record_of,
)
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, Purpose
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.order_progress import Progress, progress_with_fills
from trading_pipeline.domain.portfolio.position_sums import PositionFill, recompute

_PLAN_STATUS_OF_ENDED_ENTRY = {
    IntentState.REJECTED: PlanStatus.REJECTED,
    IntentState.EXPIRED: PlanStatus.EXPIRED,
}


def locked_intent(connection: Connection, link_id: str) -> IntentRecord | None:
    """The intent, held until the transaction ends; ``None`` when it is not ours."""
    row = locked_row(connection, link_id)
    return None if row is None else record_of(row)


def locked_row(connection: Connection, link_id: str) -> Row[tuple[object, ...]] | None:
    """The same with every column of the table."""
    query = intent_query().where(order_intents.c.order_link_id == link_id).with_for_update()
    return connection.execute(query).first()


def refresh_order(connection: Connection, record: IntentRecord) -> None:
    """Let booked fills move the order, then recompute the position it belongs to."""
    intent = record.intent
    query = fill_query().where(fills.c.order_link_id == intent.order_link_id)
    booked = [fill_of(row) for row in connection.execute(query)]
    heard = Progress(record.state, record.filled_quantity, record.average_price)
    now = progress_with_fills(heard, intent.quantity, booked)
    if now != heard:
        connection.execute(
            update(order_intents)
            .where(order_intents.c.order_link_id == intent.order_link_id)
            .values(
                state=now.state.value,
                filled_quantity=now.filled_quantity,
                average_price=now.average_price,
                acknowledged_at=func.coalesce(order_intents.c.acknowledged_at, func.clock_timestamp()),
            )
        )
    if record.position_id is not None:
        refresh_position(connection, record.position_id)


def refresh_position(connection: Connection, position_id: str) -> None:
    """Recompute a position from its fills, and the status of each plan in it where its entry decides it."""
    of_it = positions.c.position_id == position_id
    # Locked before its fills are read: PostgreSQL shows every statement what was committed before that one, so
    # whoever waited here sums up the fills of the one it waited for, too.
    before = position_of(connection.execute(position_query().where(of_it).with_for_update()).one())
    layers = [record_of(row) for row in connection.execute(entries_query(position_id))]
    booked = connection.execute(fill_query().where(fills.c.position_id == position_id))
    parts = [PositionFill(fill_of(row), None if row.purpose is None else Purpose(row.purpose)) for row in booked]
    after = recompute(before, layers, parts)
    crowded_out = _would_crowd_out(connection, before, after)
    if crowded_out:
        # One account has one live position in an instrument: the newer one keeps the place, and reconciliation
        # reports the other.
        after = replace(after, status=before.status)
    connection.execute(update(positions).where(of_it).values(**position_sums(after)))
    filled = {part.fill.order_link_id for part in parts}
    for entry in _entries_by_plan(layers).values():
        if not crowded_out:
            _tell_plan(connection, entry, filled=any(one.intent.order_link_id in filled for one in entry))


def _entries_by_plan(orders: Sequence[IntentRecord]) -> dict[str, list[IntentRecord]]:
    """The orders of each plan's entry, oldest first; levels that nobody sent say nothing about it."""
    entries: dict[str, list[IntentRecord]] = {}
    for order in (one for one in orders if not one.unsent_level):
        entries.setdefault(order.intent.plan_id, []).append(order)
    return entries


def _would_crowd_out(connection: Connection, before: Position, after: Position) -> bool:
    """Whether a position believed dead comes back to life where another one lives already."""
    # Asked here rather than left to the unique index: its error would undo the booking of a fill that did happen.
    if before.status.value in LIVE_STATUSES or after.status.value not in LIVE_STATUSES:
        return False
    others = select(positions.c.position_id).where(
        positions.c.account_id == before.account_id,
        positions.c.instrument_id == before.instrument_id,
        positions.c.status.in_(LIVE_STATUSES),
        positions.c.position_id != before.position_id,
    )
    return connection.execute(others).first() is not None


def _tell_plan(connection: Connection, entry: Sequence[IntentRecord], *, filled: bool) -> None:
    """A plan whose entry ended empty is over; one that was given up and filled after all is executed."""
    newest = entry[-1]
    change = update(trade_plans).where(trade_plans.c.plan_id == newest.intent.plan_id)
    if all(order.empty for order in entry):
        status = _PLAN_STATUS_OF_ENDED_ENTRY.get(newest.state, PlanStatus.FAILED)
        connection.execute(
            change.where(trade_plans.c.status == PlanStatus.CLAIMED.value).values(
                status=status.value, status_reason=f"entry {newest.state}: {newest.reason}"
            )
        )
    elif filled:
        # A fill proves more than the word that ended the plan; ``denied`` is not among these, as nothing was sent then.
        given_up = (PlanStatus.FAILED.value, PlanStatus.REJECTED.value, PlanStatus.EXPIRED.value)
        connection.execute(
            change.where(trade_plans.c.status.in_(given_up)).values(
                status=PlanStatus.EXECUTED.value, status_reason="the entry filled after it was given up"
            )
        )
