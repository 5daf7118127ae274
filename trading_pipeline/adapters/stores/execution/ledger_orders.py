"""Intents and fills in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.execution.fill_references import slippage_values
from trading_pipeline.adapters.stores.execution.ledger_refresh import (
    locked_intent,
    locked_row,
    refresh_order,
    refresh_position,
)
from trading_pipeline.adapters.stores.execution.ledger_rows import (
    FINAL_STATES,
    LIVE_STATUSES,
    fill_values,
    intent_query,
    intent_values,
    record_of,
)
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.fills import Booking, Fill, FillKind
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderIntent, OrderReport, Purpose, Side
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.order_progress import later_state, may_step, repeats
from trading_pipeline.ports.stores.execution.ledger import OrderLedger

_STAMPS = {IntentState.SENT: "sent_at", IntentState.ACKNOWLEDGED: "acknowledged_at"}


class OrderLedgerStore(OrderLedger):
    """``order_intents`` and ``fills`` of one account."""

    def __init__(self, engine: Engine, account_id: AccountId, run_id: str = "") -> None:
        self._engine = engine
        self._account_id = account_id
        self._run_id = run_id

    def write_intent(self, intent: OrderIntent) -> None:
        """Insert unless it is there; what it reduces is the position that its plan opened."""
        opened = select(positions.c.position_id).where(positions.c.plan_id == intent.plan_id).scalar_subquery()
        # A link id follows from the decision: who comes back to it after a crash finds its own row, in whatever state.
        values = {**intent_values(intent), "position_id": opened}
        with self._engine.begin() as connection:
            connection.execute(insert(order_intents).values(**values).on_conflict_do_nothing())

    def intent(self, order_link_id: str) -> IntentRecord:
        """One intent by link id."""
        with reading(self._engine) as connection:
            row = connection.execute(intent_query().where(order_intents.c.order_link_id == order_link_id)).first()
        if row is None:
            raise ConfigurationError(f"no order intent {order_link_id!r} is stored; check the link id")
        return record_of(row)

    def intents_of(self, plan_id: str) -> list[IntentRecord]:
        """The plan's intents in the order they were written."""
        query = intent_query().where(order_intents.c.plan_id == plan_id).order_by(order_intents.c.intended_at)
        with reading(self._engine) as connection:
            return [record_of(row) for row in connection.execute(query)]

    def open_intents(self) -> list[IntentRecord]:
        """Sent, or perhaps sent, and not final."""
        # What is only intended was not sent: the venue cannot know of it.
        over = (*FINAL_STATES, IntentState.INTENDED.value)
        mine = order_intents.c.account_id == self._account_id
        query = intent_query().where(mine, order_intents.c.state.not_in(over)).order_by(order_intents.c.intended_at)
        with reading(self._engine) as connection:
            return [record_of(row) for row in connection.execute(query)]

    def states(self, order_link_ids: Sequence[str]) -> dict[str, IntentState]:
        """Of several intents, with one question."""
        query = select(order_intents.c.order_link_id, order_intents.c.state)
        with reading(self._engine) as connection:
            found = connection.execute(query.where(order_intents.c.order_link_id.in_(order_link_ids)))
            return {row.order_link_id: IntentState(row.state) for row in found}

    def advance(self, order_link_id: str, to: IntentState, reason: str = "", venue_order_id: str = "") -> bool:
        """Compare and set under the row's lock; an acknowledgement is stamped even if a report was faster."""
        with self._engine.begin() as connection:
            record = locked_intent(connection, order_link_id)
            if record is None:
                raise ConfigurationError(f"no order intent {order_link_id!r} is stored; check the link id")
            moves = may_step(record.state, to)
            changes: dict[str, object] = {"state": to.value, "reason": reason} if moves else {}
            if moves and to is IntentState.INTENDED:
                # It counts as never sent, so its age begins anew with the next sending.
                changes["sent_at"] = None
            stamp = _STAMPS.get(to)
            if stamp is not None and (moves or to is IntentState.ACKNOWLEDGED):
                # Not ``now()``: that stands still in a transaction, which may have waited for the row's lock.
                # The first stamp stays: an order is acknowledged once.
                changes[stamp] = func.coalesce(order_intents.c[stamp], func.clock_timestamp())
            if venue_order_id:
                changes["venue_order_id"] = venue_order_id
            if changes:
                _change(connection, order_link_id, changes)
            # An entry that ends empty may end its position, and its plan with it, in the same transaction.
            if moves and to.final and record.position_id is not None:
                refresh_position(connection, record.position_id)
        return moves

    def continue_entry(self, order_link_id: str, successor: OrderIntent | None) -> None:
        """The successor and the end of the older one in one transaction, so that the entry never seems to be over."""
        with self._engine.begin() as connection:
            record = locked_intent(connection, order_link_id)
            if record is None:
                raise ConfigurationError(f"no order intent {order_link_id!r} is stored; check the link id")
            # Under the lock ``continues`` is spent once: of two that carry the entry on, the second adds no order.
            if successor is not None and record.intent.continues:
                values = {**intent_values(successor), "position_id": record.position_id}
                connection.execute(insert(order_intents).values(**values).on_conflict_do_nothing())
            _change(connection, order_link_id, {"continues": False})
            if record.position_id is not None:
                refresh_position(connection, record.position_id)

    def apply_report(self, report: OrderReport) -> None:
        """Merge what is newer in the report, then let booked fills have their say."""
        with self._engine.begin() as connection:
            row = locked_row(connection, report.order_link_id)
            # Somebody else's order, or the venue's own: no intent is behind it, and reconciliation names it.
            if row is None:
                return
            record = record_of(row)
            # An order that rests is asked about at every wave, and mostly nothing has become of it.
            if row.acknowledged_at is not None and repeats(record, report):
                return
            _change(connection, report.order_link_id, _merged(record, report))
            # Booked fills are held against what came out of the merge, not against what was there before.
            merged = locked_intent(connection, report.order_link_id)
            refresh_order(connection, merged or record)

    def apply_fill(self, fill: Fill) -> Booking:
        """Insert by execution id; a fill heard before changes nothing."""
        with self._engine.begin() as connection:
            # The intent is locked before the position, as everywhere: two messages about it wait for each other.
            record = locked_intent(connection, fill.order_link_id) if fill.order_link_id else None
            position_id = record.position_id if record else self._position_by_instrument(connection, fill)
            slipped = slippage_values(connection, fill, record, position_id)
            added = connection.execute(
                insert(fills)
                .values(**fill_values(fill, self._account_id, position_id), **slipped, run_id=self._run_id)
                .on_conflict_do_nothing()
                .returning(fills.c.position_id)
            )
            # The stream and REST tell of the same fill; only the one that was inserted moves anything.
            if added.first() is None:
                return Booking.KNOWN
            if record is not None:
                refresh_order(connection, record)
            elif position_id is not None:
                refresh_position(connection, position_id)
        # What the venue executed by itself is booked to a position of ours and is still nobody's order here.
        by_whom = fill.kind is FillKind.VENUE or (fill.kind is FillKind.TRADE and record is None)
        return Booking.EXTERNAL if by_whom else Booking.OURS

    def unbooked(self, heard: Sequence[Fill]) -> list[Fill]:
        """One question for all of them."""
        ids = [fill.execution_id for fill in heard]
        query = select(fills.c.execution_id).where(
            fills.c.account_id == self._account_id, fills.c.execution_id.in_(ids)
        )
        with reading(self._engine) as connection:
            booked: set[str] = set(connection.execute(query).scalars())
        return [fill for fill in heard if fill.execution_id not in booked]

    def fills_missing_since(self) -> datetime | None:
        """The oldest bar close (UTC) among orders whose filled quantity is not covered by fills, or not known."""
        booked = (
            select(func.coalesce(func.sum(fills.c.quantity), 0))
            .where(
                fills.c.order_link_id == order_intents.c.order_link_id,
                fills.c.kind != FillKind.FUNDING.value,
            )
            .scalar_subquery()
        )
        # Of an order that nobody answered about, and of an entry that rests, the filled quantity may be out of date.
        unsure = (IntentState.SENT.value, IntentState.UNKNOWN.value)
        entering = order_intents.c.state.not_in((*FINAL_STATES, IntentState.INTENDED.value))
        query = (
            # Nothing fills before its bar closed, and that instant is venue time, which fills are asked for by.
            select(func.min(trade_plans.c.close_time))
            .join(order_intents, order_intents.c.plan_id == trade_plans.c.plan_id)
            .where(
                order_intents.c.account_id == self._account_id,
                or_(
                    order_intents.c.state.in_(unsure),
                    and_(order_intents.c.purpose == Purpose.ENTRY.value, entering),
                    order_intents.c.filled_quantity > booked,
                ),
            )
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def last_fill_time(self) -> datetime | None:
        """The newest ``executed_at``, UTC."""
        with reading(self._engine) as connection:
            mine = fills.c.account_id == self._account_id
            return connection.execute(select(func.max(fills.c.executed_at)).where(mine)).scalar()

    def _position_by_instrument(self, connection: Connection, fill: Fill) -> str | None:
        """Whose fill it is when the order is not ours: the position that was there at the time.

        An instrument has one live position at a time, and a position closes only when its exits are booked,
        so the span from the plan's bar to the close tells positions apart even for a funding fill that
        comes late. A trade on the opening side was not decided by the plan and stays external; so does one that
        takes no more back than such trades have added.
        """
        query = (
            select(positions.c.position_id, positions.c.bias, trade_plans.c.close_time)
            .join(trade_plans, trade_plans.c.plan_id == positions.c.plan_id)
            .where(
                positions.c.account_id == self._account_id,
                positions.c.instrument_id == fill.instrument_id,
                trade_plans.c.close_time <= fill.executed_at,
                or_(
                    positions.c.status.in_(LIVE_STATUSES),
                    and_(
                        positions.c.status == PositionStatus.CLOSED.value,
                        positions.c.closed_at >= fill.executed_at,
                        literal(fill.kind is FillKind.FUNDING),
                    ),
                ),
            )
            .order_by(trade_plans.c.close_time)
        )
        owner = connection.execute(query).first()
        if owner is None:
            return None
        opening = Side.opening(Bias(owner.bias))
        adds = fill.kind is not FillKind.FUNDING and fill.side is opening
        by_hand = fill.kind is FillKind.TRADE and fill.quantity <= self._added(
            connection, fill, opening, owner.close_time
        )
        return None if adds or by_hand else str(owner.position_id)

    def _added(self, connection: Connection, fill: Fill, opening: Side, since: datetime) -> Decimal:
        """What trades of nobody here have added to the instrument's position and not taken back, base currency."""
        quantity = case((fills.c.side == opening.value, fills.c.quantity), else_=-fills.c.quantity)
        query = select(func.coalesce(func.sum(quantity), 0)).where(
            fills.c.account_id == self._account_id,
            fills.c.instrument_id == fill.instrument_id,
            fills.c.position_id.is_(None),
            fills.c.kind == FillKind.TRADE.value,
            fills.c.executed_at >= since,
        )
        return Decimal(connection.execute(query).scalar_one())


def _change(connection: Connection, link_id: str, values: dict[str, object]) -> None:
    connection.execute(update(order_intents).where(order_intents.c.order_link_id == link_id).values(**values))


def _merged(record: IntentRecord, report: OrderReport) -> dict[str, object]:
    """Columns after the report: the later state, the larger fill, the first acknowledgement."""
    values: dict[str, object] = {
        "state": later_state(record.state, report.state).value,
        "acknowledged_at": func.coalesce(order_intents.c.acknowledged_at, func.clock_timestamp()),
        "venue_updated_at": func.greatest(order_intents.c.venue_updated_at, report.updated_at),
    }
    if report.venue_order_id:
        values["venue_order_id"] = report.venue_order_id
    if report.reason:
        values["reason"] = report.reason
    # A filled quantity never shrinks: the report with less is the older one, whenever it came.
    if report.filled_quantity > record.filled_quantity:
        values |= {"filled_quantity": report.filled_quantity, "average_price": report.average_price}
    return values
