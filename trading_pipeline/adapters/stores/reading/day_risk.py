"""How an account stood on a day against its circuit breaker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, Engine, and_, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots, risk_events
from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.model.identity import AccountId


@dataclass(frozen=True, slots=True)
class DayRisk:
    """One account and currency on one UTC day; amounts of equity in the currency.

    :param starting: at the day's first reading, ``current`` at its last.
    :param soft_halt: whether the soft circuit breaker opened on the day, ``hard_halt`` the hard one.
    """

    account_id: AccountId
    currency: str
    starting: Decimal
    current: Decimal
    lowest: Decimal
    highest: Decimal
    soft_halt: bool
    hard_halt: bool

    @property
    def drawdown(self) -> Decimal:
        """What the breaker measures: the fall to the day's lowest reading, a fraction of the first; 0 of nothing."""
        return (self.starting - self.lowest) / self.starting if self.starting > 0 else Decimal(0)


def day_risk(engine: Engine, day: datetime) -> Sequence[DayRisk]:
    """Every account and currency that was read on the day from midnight ``day`` (UTC) on, the deepest fall first."""
    end, read = day + timedelta(days=1), equity_snapshots.c

    def at_edge(order: ColumnElement[datetime]) -> ColumnElement[Decimal]:
        return func.array_agg(aggregate_order_by(read.equity, order))[1]

    def opened(kind: HaltKind) -> ColumnElement[bool]:
        event = risk_events.c
        mine = and_(event.account_id == read.account_id, event.rule == kind.value)
        return exists().where(mine, event.at >= day, event.at < end)

    query = (
        select(
            read.account_id,
            read.currency,
            at_edge(read.read_at.asc()),
            at_edge(read.read_at.desc()),
            func.min(read.equity),
            func.max(read.equity),
            opened(HaltKind.CIRCUIT_SOFT),
            opened(HaltKind.CIRCUIT_HARD),
        )
        .where(read.read_at >= day, read.read_at < end)
        .group_by(read.account_id, read.currency)
        .order_by(read.account_id, read.currency)
    )
    with reading(engine) as connection:
        found = [DayRisk(AccountId(row[0]), *row[1:]) for row in connection.execute(query)]
    return sorted(found, key=lambda one: -one.drawdown)
