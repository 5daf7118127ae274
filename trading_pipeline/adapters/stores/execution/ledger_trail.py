"""Which rows of the ledger a run wrote, by the partition of the plan that they carry out."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, and_, or_, select

from trading_pipeline.adapters.stores.execution.ledger_rows import unfollowed
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.timeframes import Timeframe, day_of

_DAY = timedelta(days=1)
_PLAN = (
    trade_plans.c.plan_id.label("of_plan"),
    trade_plans.c.instrument_id.label("of_instrument"),
    trade_plans.c.timeframe.label("of_timeframe"),
    trade_plans.c.close_time.label("decided_at"),
)
_QUERIES: dict[str, Select[tuple[str, ...]]] = {
    "orders": select(order_intents.c.order_link_id.label("row_id"), *_PLAN).join(
        trade_plans, trade_plans.c.plan_id == order_intents.c.plan_id
    ),
    "fills": select(fills.c.execution_id.label("row_id"), *_PLAN)
    .join(positions, positions.c.position_id == fills.c.position_id)
    .join(trade_plans, trade_plans.c.plan_id == positions.c.plan_id),
    "positions": select(positions.c.position_id.label("row_id"), *_PLAN).join(
        trade_plans, trade_plans.c.plan_id == positions.c.plan_id
    ),
}
"""The rows of each table with the plan that they carry out; a fill's is the one that opened its position."""

Partition = tuple[datetime, str]
"""Midnight of the day that a plan's bar opened in, and instrument."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a run says it wrote.

    :param run_id: orders and fills with this run's id; empty for none.
    :param plans: every order of these plans.
    :param orders: link ids of orders that moved on.
    :param positions: position ids that changed.
    :param answered: positions whose fills the run answered, whoever booked them.
    """

    run_id: str = ""
    plans: Collection[str] = ()
    orders: Collection[str] = ()
    positions: Collection[str] = ()
    answered: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """Rows of one table in one partition.

    :param table: ``orders``, ``fills`` or ``positions``.
    :param day: midnight of the day that the plan's bar opened in.
    :param ids: the rows that were written, ascending.
    :param plan_ids: the plans that they carry out, ascending.
    :param count: rows of the partition, the other ones included.
    """

    table: str
    day: datetime
    instrument_id: str
    ids: tuple[str, ...]
    plan_ids: tuple[str, ...]
    count: int


class LedgerTrail:
    """Reads, never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unanswered(self, account_id: AccountId) -> set[str]:
        """Positions of the account with fills that nobody has followed."""
        query = select(positions.c.position_id).where(positions.c.account_id == account_id, unfollowed())
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def rows(self, written: Written) -> list[WrittenRows]:
        """One entry for each table and partition that the run wrote to."""
        with reading(self._engine) as connection:
            return [
                one
                for table, which in _touched(written).items()
                for one in _by_partition(connection, table, connection.execute(_QUERIES[table].where(which)).all())
            ]


def _touched(written: Written) -> dict[str, ColumnElement[bool]]:
    orders = or_(
        _of_run(order_intents, written),
        order_intents.c.plan_id.in_(written.plans),
        order_intents.c.order_link_id.in_(written.orders),
    )
    booked = or_(
        _of_run(fills, written),
        fills.c.order_link_id.in_(select(order_intents.c.order_link_id).where(orders)),
        fills.c.position_id.in_(written.answered),
    )
    changed = or_(
        positions.c.position_id.in_([*written.positions, *written.answered]),
        positions.c.position_id.in_(select(order_intents.c.position_id).where(orders)),
        positions.c.position_id.in_(select(fills.c.position_id).where(booked)),
    )
    return {"orders": orders, "fills": booked, "positions": changed}


def _of_run(table: Table, written: Written) -> ColumnElement[bool]:
    """Rows of processes that are no run have an empty id, so no id means no row."""
    return table.c.run_id.in_([written.run_id] if written.run_id else [])


def _by_partition(connection: Connection, table: str, rows: Iterable[Row[tuple[str, ...]]]) -> list[WrittenRows]:
    groups: dict[Partition, list[Row[tuple[str, ...]]]] = defaultdict(list)
    for row in rows:
        groups[_partition_of(row)].append(row)
    if not groups:
        return []
    # The database answers roughly; the day follows from the length of each plan's bars and is told apart here.
    near = or_(*(_near(partition) for partition in groups))
    counts = Counter(_partition_of(row) for row in connection.execute(_QUERIES[table].where(near)))
    return [
        WrittenRows(
            table=table,
            day=day,
            instrument_id=instrument_id,
            ids=tuple(sorted(row.row_id for row in group)),
            plan_ids=tuple(sorted({row.of_plan for row in group})),
            count=counts[day, instrument_id],
        )
        for (day, instrument_id), group in sorted(groups.items())
    ]


def _partition_of(row: Row[tuple[str, ...]]) -> Partition:
    return day_of(row.decided_at - Timeframe(row.of_timeframe).duration), row.of_instrument


def _near(partition: Partition) -> ColumnElement[bool]:
    """Plans of the partition, and a few of the day after: the longest bar closes a day after it opens."""
    day, instrument_id = partition
    closes = trade_plans.c.close_time
    return and_(trade_plans.c.instrument_id == instrument_id, closes > day, closes <= day + 2 * _DAY)
