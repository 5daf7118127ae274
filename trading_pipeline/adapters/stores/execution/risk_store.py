"""The gate's transaction, halts and found differences in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.execution.ledger_rows import (
    FINAL_STATES,
    LIVE_STATUSES,
    entries_query,
    intent_query,
    intent_values,
    new_position_values,
    record_of,
)
from trading_pipeline.adapters.stores.postgres.tables import (
    data_checks,
    equity_snapshots,
    fills,
    halts,
    order_intents,
    positions,
    reconciliation_differences,
    trade_plans,
)
from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import TAKE_PROFITS, OrderIntent, Purpose, order_link_id
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.domain.risk.entry import EntryVerdict, GateFacts, OpenLayers
from trading_pipeline.domain.risk.rules.plan_rules import NotExpired
from trading_pipeline.ports.stores.execution.risk_store import Decide, EntryGate, HaltRegister


class PostgresEntryGate(EntryGate):
    """An advisory lock is the account's lease."""

    def __init__(self, engine: Engine, account_id: AccountId) -> None:
        self._engine = engine
        self._account_id = account_id

    def admit(self, plan: TradePlan, currency: str, run_id: str, now: datetime, decide: Decide) -> EntryVerdict:
        """Lock the account, look whether it is decided, read the facts, decide, store."""
        with self._engine.begin() as connection:
            # Held until the commit: two runs that read the same facts would each fill the last place in the account.
            lease = func.hashtextextended(f"entry_gate {self._account_id}", 0)
            connection.execute(select(func.pg_advisory_xact_lock(lease)))
            decided = _decided(connection, plan.plan_id, run_id)
            if decided is not None:
                return decided
            facts = _facts(connection, self._account_id, currency, plan, now)
            try:
                intent = decide(facts)
                stop_price = _own_stop(intent)
            except OrderDenied as denial:
                # Caught inside the transaction, so that leaving the block commits the denial.
                _deny(connection, plan.plan_id, denial)
                return EntryVerdict(plan.plan_id, None, denial.rule, denial.reason)
            if facts.adds_to is None:
                values = new_position_values(plan, self._account_id, currency, stop_price)
                connection.execute(insert(positions).values(**values, run_id=run_id))
            # Position and intent are stored together, the position first: the intent refers to it.
            position_id = plan.plan_id if facts.adds_to is None else facts.adds_to.position_id
            connection.execute(insert(order_intents).values(**intent_values(intent), position_id=position_id))
        return EntryVerdict(plan.plan_id, intent)


class PostgresHaltRegister(HaltRegister):
    """``halts`` and ``reconciliation_differences``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def halt(self, halt: Halt) -> bool:
        """Insert unless the scope is halted; what stands may begin to flatten."""
        row = {
            "scope": halt.scope,
            "account_id": halt.scope.account_id,
            "instrument_id": halt.scope.instrument_id,
            "reason": halt.reason,
            "since": halt.since,
            "flatten": halt.flatten,
            "run_id": halt.run_id,
        }
        with self._engine.begin() as connection:
            added = connection.execute(insert(halts).values(**row).on_conflict_do_nothing().returning(halts.c.scope))
            new = added.first() is not None
            # Never the other way round: a halt that only stops entries does not call a flattening off.
            if not new and halt.flatten:
                connection.execute(update(halts).where(halts.c.scope == halt.scope).values(flatten=True))
            return new

    def lift(self, scope: HaltScope) -> bool:
        """Delete the scope's row."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(halts).where(halts.c.scope == scope).returning(halts.c.scope))
            return gone.first() is not None

    def halts(self) -> list[Halt]:
        """All rows, oldest first."""
        with self._engine.connect() as connection:
            return _halts(connection)

    def record_differences(self, differences: Sequence[Difference], run_id: str, found_at: datetime) -> None:
        """One row per difference."""
        rows = [
            {
                "account_id": one.account_id,
                "instrument_id": one.instrument_id,
                "kind": one.kind.value,
                "detail": one.detail,
                "run_id": run_id,
                "found_at": found_at,
            }
            for one in differences
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(reconciliation_differences), rows)


def _own_stop(intent: OrderIntent) -> Decimal:
    if intent.stop_loss is None:
        raise OrderDenied("stop_loss", "an entry without a stop is never sent")
    return intent.stop_loss


def _halts(connection: Connection) -> list[Halt]:
    rows = connection.execute(select(halts).order_by(halts.c.since, halts.c.scope))
    return [Halt(HaltScope(row.scope), row.reason, row.since, row.flatten, row.run_id) for row in rows]


def _decided(connection: Connection, plan_id: str, run_id: str) -> EntryVerdict | None:
    """The answer given before, or that the plan is not this run's to decide; ``None`` when it is open."""
    entry = connection.execute(
        intent_query().where(order_intents.c.order_link_id == order_link_id(plan_id, Purpose.ENTRY))
    ).first()
    # Asked before the status: a run that died after the intent was written has to go on with that very order.
    if entry is not None:
        return EntryVerdict(plan_id, record_of(entry).intent)
    # Locked, so that nobody takes the claim over while it is judged.
    row = connection.execute(select(trade_plans).where(trade_plans.c.plan_id == plan_id).with_for_update()).one()
    if row.status == PlanStatus.CLAIMED.value and row.claimed_by == run_id:
        return None
    if row.status in (PlanStatus.DENIED.value, PlanStatus.EXPIRED.value):
        rule, _, reason = str(row.status_reason).partition(": ")
        return EntryVerdict(plan_id, None, rule, reason)
    return EntryVerdict(plan_id, None, "claim", f"the plan is {row.status}, held by run {row.claimed_by or 'none'}")


def _facts(connection: Connection, account_id: AccountId, currency: str, plan: TradePlan, now: datetime) -> GateFacts:
    mine = positions.c.account_id == account_id
    adds_to = _adds_to(
        connection, account_id, plan
    )  # first: it holds the position, so that what follows still knows it as open
    live = connection.execute(
        select(positions.c.instrument_id)
        .where(mine, positions.c.status.in_(LIVE_STATUSES))
        .order_by(positions.c.instrument_id)
    )
    return GateFacts(
        account_id=account_id,
        checks=_checks(connection, plan),
        halts=tuple(_halts(connection)),
        live_symbols=tuple(live.scalars()),
        last_stop_loss_at=connection.execute(
            select(func.max(positions.c.closed_at)).where(
                mine,
                positions.c.instrument_id == plan.instrument_id,
                positions.c.timeframe == plan.timeframe.value,
                positions.c.exit_reason == ExitReason.STOP_LOSS.value,
            )
        ).scalar(),
        day_start_equity=connection.execute(
            select(equity_snapshots.c.equity)
            .where(
                equity_snapshots.c.account_id == account_id,
                equity_snapshots.c.currency == currency,
                equity_snapshots.c.read_at >= day_of(now),
            )
            .order_by(equity_snapshots.c.read_at)
            .limit(1)
        ).scalar(),
        pending_notional=_pending_notional(connection, account_id),
        closed_by_signal=_closed_by(connection, plan.signal_id),
        adds_to=adds_to,
    )


def _adds_to(connection: Connection, account_id: AccountId, plan: TradePlan) -> OpenLayers | None:
    """The open position of the plan's strategy, instrument, timeframe and side; none that is being left."""
    leaving = select(order_intents.c.order_link_id).where(
        order_intents.c.position_id == positions.c.position_id,
        order_intents.c.purpose.not_in([Purpose.ENTRY.value, *(purpose.value for purpose in TAKE_PROFITS)]),
    )
    found = connection.execute(
        select(positions.c.position_id)
        .join(trade_plans, trade_plans.c.plan_id == positions.c.plan_id)
        .where(
            trade_plans.c.strategy == plan.strategy,
            positions.c.account_id == account_id,
            positions.c.instrument_id == plan.instrument_id,
            positions.c.timeframe == plan.timeframe.value,
            positions.c.bias == plan.bias.value,
            positions.c.status == PositionStatus.OPEN.value,
            positions.c.quantity > 0,
            ~leaving.exists(),
        )
        .with_for_update(of=positions)
    ).scalar()
    if found is None:
        return None
    entries = [record_of(row) for row in connection.execute(entries_query(found))]
    return OpenLayers(
        position_id=found,
        layers=sum(not entry.empty for entry in entries),
        # By the last number and not by the count: an entry that ended empty has used up its number.
        next_layer=entries[-1].intent.layer + 1,
    )


def _checks(connection: Connection, plan: TradePlan) -> tuple[DataCheck, ...]:
    table = data_checks.c
    rows = connection.execute(
        select(data_checks).where(
            table.instrument_id == plan.instrument_id,
            table.timeframe == plan.timeframe.value,
            table.close_time == plan.close_time,
        )
    )
    return tuple(
        DataCheck(plan.instrument_id, plan.timeframe, row.close_time, CheckName(row.name), row.passed, row.detail)
        for row in rows
    )


def _closed_by(connection: Connection, signal_id: str) -> str:
    """The position that the signal was only to close, empty for none; a position has its plan's id."""
    closing = order_intents.c.purpose == Purpose.OPPOSITE_EXIT.value
    query = select(order_intents.c.plan_id).where(order_intents.c.signal_id == signal_id, closing)
    found: str | None = connection.execute(query).scalar()
    return found or ""


def _pending_notional(connection: Connection, account_id: AccountId) -> Decimal:
    """Quote currency of entries that are decided and of which no fill is booked yet."""
    booked = select(fills.c.execution_id).where(fills.c.order_link_id == order_intents.c.order_link_id)
    total: Decimal = connection.execute(
        select(func.coalesce(func.sum(order_intents.c.quantity * trade_plans.c.entry_price), 0))
        .join(trade_plans, trade_plans.c.plan_id == order_intents.c.plan_id)
        .join(positions, positions.c.position_id == order_intents.c.position_id)
        .where(
            order_intents.c.account_id == account_id,
            order_intents.c.purpose == Purpose.ENTRY.value,
            positions.c.status.in_(LIVE_STATUSES),
            ~and_(order_intents.c.state.in_(FINAL_STATES), order_intents.c.filled_quantity == 0),
            ~booked.exists(),
        )
    ).scalar_one()
    return Decimal(total)


def _deny(connection: Connection, plan_id: str, denial: OrderDenied) -> None:
    status = PlanStatus.EXPIRED if denial.rule == NotExpired.name else PlanStatus.DENIED
    connection.execute(
        update(trade_plans)
        .where(trade_plans.c.plan_id == plan_id)
        .values(status=status.value, status_reason=f"{denial.rule}: {denial.reason}")
    )
