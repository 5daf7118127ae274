"""The queue of plans in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, case, func, or_, select, update

from trading_pipeline.adapters.stores.execution.decided_closes import decided, whole
from trading_pipeline.adapters.stores.execution.ledger_rows import FINAL_STATES, PlanRow, is_level, plan_query
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.adapters.stores.strategy.plan_rows import plan_of
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.orders import OrderType, Purpose
from trading_pipeline.domain.model.plans import Claim, PlanStanding, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.ports.stores.execution.ledger import PlanQueue


class PlanQueueStore(PlanQueue):
    """``trade_plans`` as a queue with leases."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, run_id: str, now: datetime, lease: timedelta) -> Claim:
        """Expire, claim, and read back, in one transaction."""
        with self._engine.begin() as connection:
            # Before anything is claimed: a plan that is too late must not be executed by this very run.
            expired = _expire(connection, run_id, now)
            connection.execute(
                update(trade_plans)
                .where(
                    _claimable(run_id),
                    # Only new plans wait for their close: what was claimed once was decided then.
                    or_(trade_plans.c.status == PlanStatus.CLAIMED.value, decided(trade_plans.c.close_time)),
                )
                .values(
                    status=PlanStatus.CLAIMED.value,
                    claimed_by=run_id,
                    # Wall time of the database: a run dies by that clock, while a replay's venue time may stand still.
                    claimed_until=func.clock_timestamp() + lease,
                )
            )
            # By run and not by what the update touched: a retry of this run goes on with all that it holds.
            mine = plan_query().where(
                trade_plans.c.claimed_by == run_id, trade_plans.c.status == PlanStatus.CLAIMED.value
            )
            plans = tuple(plan for row in connection.execute(mine).all() if (plan := _readable(connection, row)))
        return Claim(plans, tuple(expired))

    def plan(self, plan_id: str) -> TradePlan:
        """One plan by id."""
        with reading(self._engine) as connection:
            row = connection.execute(plan_query().where(trade_plans.c.plan_id == plan_id)).first()
        if row is None:
            raise ConfigurationError(f"no trade plan {plan_id!r} is stored; check the id")
        return plan_of(row)

    def plans(self, plan_ids: Sequence[str]) -> dict[str, TradePlan]:
        """With one question."""
        with reading(self._engine) as connection:
            rows = connection.execute(plan_query().where(trade_plans.c.plan_id.in_(plan_ids)))
            return {row.plan_id: plan_of(row) for row in rows}

    def standing_of(self, signal_id: str) -> PlanStanding | None:
        """The plan by its signal, whatever its id."""
        query = select(trade_plans, _ordered().label("ordered")).where(trade_plans.c.signal_id == signal_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return PlanStanding(
            plan_of(row), PlanStatus(row.status), row.status_reason, row.claimed_by or "", ordered=row.ordered
        )

    def take_up(self, plan_id: str, run_id: str, lease: timedelta) -> bool:
        """One update: who comes second finds it claimed."""
        free = trade_plans.c.status.in_((PlanStatus.NEW.value, PlanStatus.DENIED.value)) & ~_ordered()
        own = (trade_plans.c.status == PlanStatus.CLAIMED.value) & (trade_plans.c.claimed_by == run_id)
        taken = (
            update(trade_plans)
            .where(trade_plans.c.plan_id == plan_id, or_(free, own))
            .values(
                status=PlanStatus.CLAIMED.value,
                status_reason="",
                claimed_by=run_id,
                claimed_until=func.clock_timestamp() + lease,
            )
            .returning(trade_plans.c.plan_id)
        )
        with self._engine.begin() as connection:
            return connection.execute(taken).first() is not None

    def finish(self, plan_id: str) -> PlanStatus:
        """``EXECUTED`` once the entry has filled; other ends were written with the event that made them."""
        filled = (PositionStatus.OPEN.value, PositionStatus.CLOSED.value)
        entered = (
            select(fills.c.execution_id)
            .join(order_intents, order_intents.c.order_link_id == fills.c.order_link_id)
            .join(positions, positions.c.position_id == fills.c.position_id)
            .where(
                order_intents.c.plan_id == plan_id,
                order_intents.c.purpose == Purpose.ENTRY.value,
                positions.c.status.in_(filled),
            )
        )
        # A plan that is executed is nobody's to follow, so it stays claimed while an order of its entry can still fill.
        resting = select(order_intents.c.order_link_id).where(
            order_intents.c.plan_id == plan_id,
            order_intents.c.purpose == Purpose.ENTRY.value,
            or_(order_intents.c.order_type == OrderType.LIMIT.value, order_intents.c.attempt > 0),
            ~is_level(),
            order_intents.c.state.not_in(FINAL_STATES),
        )
        with self._engine.begin() as connection:
            connection.execute(
                update(trade_plans)
                .where(
                    trade_plans.c.plan_id == plan_id,
                    trade_plans.c.status == PlanStatus.CLAIMED.value,
                    entered.exists(),
                    ~resting.exists(),
                )
                .values(status=PlanStatus.EXECUTED.value)
            )
            status: str = connection.execute(
                select(trade_plans.c.status).where(trade_plans.c.plan_id == plan_id)
            ).scalar_one()
        return PlanStatus(status)


def _claimable(run_id: str) -> ColumnElement[bool]:
    """New plans, claims of this run, and claims whose lease is over; ``historical`` is none of them."""
    return or_(
        trade_plans.c.status == PlanStatus.NEW.value,
        (trade_plans.c.status == PlanStatus.CLAIMED.value)
        & or_(trade_plans.c.claimed_by == run_id, trade_plans.c.claimed_until < func.clock_timestamp()),
    )


def _ordered() -> ColumnElement[bool]:
    """Plans with an order, whatever became of it."""
    return select(order_intents.c.order_link_id).where(order_intents.c.plan_id == trade_plans.c.plan_id).exists()


def _readable(connection: Connection, row: PlanRow) -> TradePlan | None:
    """The plan; ``None`` for one that is denied because nobody here can read it, as an other version may write it.

    It would keep every plan beside it from being claimed, of this run and of those after it.
    """
    try:
        return plan_of(row)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        this = trade_plans.c.plan_id == row.plan_id
        # What has an order is no plan any more that could be refused: a person has to look at it.
        if connection.execute(select(_ordered()).where(this)).scalar():
            raise
        reason = f"unreadable: {type(error).__name__}: {error}"
        connection.execute(update(trade_plans).where(this).values(status=PlanStatus.DENIED.value, status_reason=reason))
        return None


def _expire(connection: Connection, run_id: str, now: datetime) -> list[str]:
    """Give up what is too late, whether its close was decided or not.

    A plan with an order is not given up but followed to its end.
    """
    undecided = "; another timeframe of its close was not computed"
    late = connection.execute(
        update(trade_plans)
        # Venue time, unlike the lease: a bar grows old by the market's clock.
        .where(_claimable(run_id), trade_plans.c.valid_until < now, ~_ordered())
        .values(
            status=PlanStatus.EXPIRED.value,
            status_reason=func.concat(
                f"not claimed before {now:%Y-%m-%d %H:%M:%S} UTC",
                case((whole(trade_plans.c.close_time), ""), else_=undecided),
            ),
        )
        .returning(trade_plans.c.plan_id)
    )
    return sorted(row.plan_id for row in late)
