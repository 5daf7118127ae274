"""Positions in PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Engine, func, or_, select, update

from trading_pipeline.adapters.stores.execution.ledger_rows import (
    FINAL_STATES,
    LIVE_STATUSES,
    entering,
    entries_query,
    intent_query,
    is_level,
    position_of,
    position_query,
    record_of,
    unfollowed,
)
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import order_intents, positions
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.positions import Position, StopKind
from trading_pipeline.ports.stores.execution.ledger import PositionBook


class PositionBookStore(PositionBook):
    """``positions`` of one account; their sums are written by ``ledger_refresh`` alone."""

    def __init__(self, engine: Engine, account_id: AccountId) -> None:
        self._engine = engine
        self._account_id = account_id

    def position_of(self, plan_id: str) -> Position | None:
        """The position that the plan's entry opened or added to."""
        entered = select(order_intents.c.position_id).where(
            order_intents.c.plan_id == plan_id, order_intents.c.purpose == Purpose.ENTRY.value
        )
        with reading(self._engine) as connection:
            row = connection.execute(position_query().where(positions.c.position_id.in_(entered))).first()
        return None if row is None else position_of(row)

    def entries_of(self, position_id: str) -> list[IntentRecord]:
        """Its entries by layer."""
        with reading(self._engine) as connection:
            return [record_of(row) for row in connection.execute(entries_query(position_id))]

    def live_positions(self) -> list[Position]:
        """Opening and open ones by instrument."""
        query = (
            position_query()
            .where(self._mine, positions.c.status.in_(LIVE_STATUSES))
            .order_by(positions.c.instrument_id)
        )
        with reading(self._engine) as connection:
            return [position_of(row) for row in connection.execute(query)]

    def intents_by_position(self, position_ids: Sequence[str]) -> dict[str, list[IntentRecord]]:
        """With one question."""
        mine = order_intents.c.position_id.in_(position_ids)
        found: dict[str, list[IntentRecord]] = {position_id: [] for position_id in position_ids}
        with reading(self._engine) as connection:
            for row in connection.execute(intent_query().where(mine).order_by(order_intents.c.intended_at)):
                found[row.position_id].append(record_of(row))
        return found

    def unfollowed_positions(self) -> list[Position]:
        """More booked than followed, by instrument."""
        order = positions.c.instrument_id, positions.c.position_id
        query = position_query().where(self._mine, unfollowed()).order_by(*order)
        with reading(self._engine) as connection:
            return [position_of(row) for row in connection.execute(query)]

    def entering_positions(self) -> list[Position]:
        """Those whose entry goes on, by instrument."""
        order = positions.c.instrument_id, positions.c.position_id
        query = position_query().where(self._mine, entering()).order_by(*order)
        with reading(self._engine) as connection:
            return [position_of(row) for row in connection.execute(query)]

    @contextmanager
    def holding(self, plan_id: str) -> Iterator[None]:
        """An advisory lock for the length of a transaction: the server lifts it when the process is gone."""
        # A lock is named by 64 bits of a hash: two plans that share one would only wait for each other.
        with self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"position {plan_id}", 0))))
            yield

    def set_stop(self, position_id: str, stop_price: Decimal, kind: StopKind | None) -> None:
        """Store the live stop, a price in quote currency; the one a position was closed by stays."""
        self._change(
            (positions.c.position_id == position_id) & positions.c.status.in_(LIVE_STATUSES),
            {"stop_price": stop_price, "stop_kind": None if kind is None else kind.value},
        )

    def set_runner_stop(self, position_id: str, stop_price: Decimal) -> None:
        """Store the runner's stop, a price in quote currency."""
        self._change(positions.c.position_id == position_id, {"runner_stop_price": stop_price})

    def mark_followed(self, position_id: str, fills: int) -> None:
        """Move the mark forward, never back."""
        furthest = func.greatest(positions.c.followed_fills, fills)
        self._change(positions.c.position_id == position_id, {"followed_fills": furthest})

    def mark_managed(self, position_ids: Sequence[str], wave: datetime) -> None:
        """Move the marks forward, never back, in one transaction."""
        latest = func.greatest(positions.c.managed_through, wave)
        if position_ids:
            self._change(positions.c.position_id.in_(position_ids), {"managed_through": latest})

    def leftover_intents(self) -> list[IntentRecord]:
        """Reduce-only intents and further entries that outlived their position."""
        query = (
            intent_query()
            .join(positions, positions.c.plan_id == order_intents.c.plan_id)
            .where(
                self._mine,
                or_(order_intents.c.reduce_only, is_level()),
                order_intents.c.state.not_in(FINAL_STATES),
                positions.c.status.not_in(LIVE_STATUSES),
            )
            .order_by(order_intents.c.intended_at)
        )
        with reading(self._engine) as connection:
            return [record_of(row) for row in connection.execute(query)]

    @property
    def _mine(self) -> ColumnElement[bool]:
        return positions.c.account_id == self._account_id

    def _change(self, which: ColumnElement[bool], values: dict[str, object]) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(positions).where(which).values(**values))
