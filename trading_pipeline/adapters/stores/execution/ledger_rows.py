"""Rows of the ledger's tables as the model's objects, and back."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, Position, PositionStatus, StopKind
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe

FINAL_STATES = tuple(state.value for state in IntentState if state.final)
LIVE_STATUSES = (PositionStatus.OPENING.value, PositionStatus.OPEN.value)

PlanRow = Row[tuple[object, ...]]

# Seconds. The server's clock made the stamp and is asked again here: no other clock is compared with it.
_SENT_AGE = func.extract("epoch", func.clock_timestamp() - order_intents.c.sent_at).label("sent_age_s")


def plan_query() -> Select[tuple[object, ...]]:
    """Everything a ``TradePlan`` is made of, and its status."""
    return select(trade_plans)


def intent_query() -> Select[tuple[object, ...]]:
    """Everything an ``IntentRecord`` is made of."""
    return select(order_intents, _SENT_AGE)


def entries_query(position_id: str) -> Select[tuple[object, ...]]:
    """The entries of a position by layer, each with its orders as they followed each other."""
    of_it = order_intents.c.position_id == position_id, order_intents.c.purpose == Purpose.ENTRY.value
    return intent_query().where(*of_it).order_by(order_intents.c.layer, order_intents.c.attempt)


def position_query() -> Select[tuple[object, ...]]:
    """Everything a ``Position`` is made of."""
    return select(positions)


def unfollowed() -> ColumnElement[bool]:
    """Positions with fills that nobody follows; the run that holds a claimed plan follows those of its own."""
    held = select(trade_plans.c.plan_id).where(
        trade_plans.c.plan_id == positions.c.plan_id, trade_plans.c.status == PlanStatus.CLAIMED.value
    )
    return and_(positions.c.booked_fills > positions.c.followed_fills, ~held.exists())


def is_level() -> ColumnElement[bool]:
    """Further entries of the plan that opened the position: they rest as long as they say, nobody waits for them."""
    return and_(
        order_intents.c.purpose == Purpose.ENTRY.value,
        order_intents.c.layer > 1,
        order_intents.c.plan_id == order_intents.c.position_id,
    )


def entering() -> ColumnElement[bool]:
    """Live positions whose entry takes more than one order at the market, and that nobody has seen to its end."""
    going_on = (
        select(order_intents.c.order_link_id)
        .join(trade_plans, trade_plans.c.plan_id == order_intents.c.plan_id)
        .where(
            order_intents.c.position_id == positions.c.position_id,
            order_intents.c.purpose == Purpose.ENTRY.value,
            # A first order at the market ends in the run that sent it; what rests or follows may outlive that run.
            or_(order_intents.c.order_type == OrderType.LIMIT.value, order_intents.c.attempt > 0),
            ~is_level(),
            trade_plans.c.status == PlanStatus.CLAIMED.value,
        )
    )
    return and_(positions.c.status.in_(LIVE_STATUSES), going_on.exists())


def fill_query() -> Select[tuple[object, ...]]:
    """Everything a ``Fill`` is made of, with the purpose of its order where the order is ours."""
    return select(fills, order_intents.c.purpose).join(
        order_intents, order_intents.c.order_link_id == fills.c.order_link_id, isouter=True
    )


def record_of(row: PlanRow) -> IntentRecord:
    """The intent in a row of ``order_intents``."""
    intent = OrderIntent(
        order_link_id=row.order_link_id,
        account_id=AccountId(row.account_id),
        plan_id=row.plan_id,
        purpose=Purpose(row.purpose),
        instrument_id=InstrumentId(row.instrument_id),
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        quantity=row.quantity,
        price=row.price,
        stop_loss=row.stop_loss,
        reduce_only=row.reduce_only,
        valid_until=row.valid_until,
        run_id=row.run_id,
        signal_id=row.signal_id,
        layer=row.layer,
        attempt=row.attempt,
        continues=row.continues,
    )
    return IntentRecord(
        intent=intent,
        state=IntentState(row.state),
        reason=row.reason,
        venue_order_id=row.venue_order_id or "",
        filled_quantity=row.filled_quantity,
        average_price=row.average_price,
        sent_age_s=None if row.sent_age_s is None else float(row.sent_age_s),
        position_id=row.position_id,
        changed_at=row.venue_updated_at,
    )


def intent_values(intent: OrderIntent) -> dict[str, object]:
    """The columns a new intent fills."""
    return {
        "order_link_id": intent.order_link_id,
        "account_id": intent.account_id,
        "plan_id": intent.plan_id,
        "purpose": intent.purpose.value,
        "instrument_id": intent.instrument_id,
        "side": intent.side.value,
        "order_type": intent.order_type.value,
        "quantity": intent.quantity,
        "price": intent.price,
        "stop_loss": intent.stop_loss,
        "reduce_only": intent.reduce_only,
        "valid_until": intent.valid_until,
        "run_id": intent.run_id,
        "signal_id": intent.signal_id,
        "layer": intent.layer,
        "attempt": intent.attempt,
        "continues": intent.continues,
        "state": IntentState.INTENDED.value,
    }


def position_of(row: PlanRow) -> Position:
    """The position in a row of ``positions``."""
    return Position(
        position_id=row.position_id,
        account_id=AccountId(row.account_id),
        plan_id=row.plan_id,
        instrument_id=InstrumentId(row.instrument_id),
        settlement_currency=row.settlement_currency,
        timeframe=Timeframe(row.timeframe),
        bias=Bias(row.bias),
        status=PositionStatus(row.status),
        quantity=row.quantity,
        entry_quantity=row.entry_quantity,
        entry_price=row.entry_price,
        initial_stop_price=row.initial_stop_price,
        stop_price=row.stop_price,
        realised_pnl=row.realised_pnl,
        fees=row.fees,
        funding=row.funding,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        exit_reason=None if row.exit_reason is None else ExitReason(row.exit_reason),
        managed_through=row.managed_through,
        stop_kind=None if row.stop_kind is None else StopKind(row.stop_kind),
        runner_stop_price=row.runner_stop_price,
        booked_fills=row.booked_fills,
        followed_fills=row.followed_fills,
    )


# The live stop, the runner's and the two marks are missing: whoever moves them writes them, and no sum undoes it.
def position_sums(position: Position) -> dict[str, object]:
    """The columns that are recomputed from fills."""
    return {
        "status": position.status.value,
        "quantity": position.quantity,
        "entry_quantity": position.entry_quantity,
        "entry_price": position.entry_price,
        "initial_stop_price": position.initial_stop_price,
        "realised_pnl": position.realised_pnl,
        "fees": position.fees,
        "funding": position.funding,
        "opened_at": position.opened_at,
        "closed_at": position.closed_at,
        "exit_reason": None if position.exit_reason is None else position.exit_reason.value,
        "booked_fills": position.booked_fills,
    }


def new_position_values(
    plan: TradePlan, account_id: AccountId, settlement_currency: str, stop_price: Decimal
) -> dict[str, object]:
    """The row of a position whose entry is about to be sent: nothing filled, managed up to its own bar."""
    # The bar that decided the entry must not decide about leaving it as well.
    managed: datetime = plan.close_time
    return {
        "position_id": plan.plan_id,
        "account_id": account_id,
        "plan_id": plan.plan_id,
        "instrument_id": plan.instrument_id,
        "settlement_currency": settlement_currency,
        "timeframe": plan.timeframe.value,
        "bias": plan.bias.value,
        "status": PositionStatus.OPENING.value,
        "quantity": Decimal(0),
        "entry_quantity": Decimal(0),
        "initial_stop_price": stop_price,
        "stop_price": stop_price,
        "realised_pnl": Decimal(0),
        "fees": Decimal(0),
        "funding": Decimal(0),
        "managed_through": managed,
    }


def fill_of(row: PlanRow) -> Fill:
    """The fill in a row of ``fills``."""
    return Fill(
        execution_id=row.execution_id,
        order_link_id=row.order_link_id,
        venue_order_id=row.venue_order_id,
        instrument_id=InstrumentId(row.instrument_id),
        side=Side(row.side),
        quantity=row.quantity,
        price=row.price,
        fee=row.fee,
        fee_currency=row.fee_currency,
        is_maker=row.is_maker,
        kind=FillKind(row.kind),
        executed_at=row.executed_at,
        sequence=row.sequence,
    )


def fill_values(fill: Fill, account_id: AccountId, position_id: str | None) -> dict[str, object]:
    """The columns of a fill."""
    return {
        "account_id": account_id,
        "execution_id": fill.execution_id,
        "order_link_id": fill.order_link_id,
        "venue_order_id": fill.venue_order_id,
        "position_id": position_id,
        "instrument_id": fill.instrument_id,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "is_maker": fill.is_maker,
        "kind": fill.kind.value,
        "executed_at": fill.executed_at,
        "sequence": fill.sequence,
    }
