"""How a system stands: what its feed says, what it has computed, what is halted, open, unsettled."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import (
    bars,
    equity_snapshots,
    order_intents,
    trade_plans,
    waves,
)
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.position_sums import unrealised_pnl

_UNSETTLED = tuple(state.value for state in IntentState if state.unsettled)


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """A position beside the newest price that is stored.

    :param strategy: what opened it.
    :param last_close: of the newest bar of the instrument, quote currency; ``None`` where no bar is stored.
    :param unrealised_pnl: at that price, settlement currency, before the fees of leaving.
    """

    position: Position
    strategy: str
    last_close: Decimal | None
    unrealised_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class EquityReading:
    """What an account was worth in one currency, at venue time ``read_at``."""

    account_id: AccountId
    currency: str
    equity: Decimal
    read_at: datetime


@dataclass(frozen=True, slots=True)
class SystemOverview:
    """One look at the ledger and its surroundings.

    :param newest_wave: the newest closing instant of which something is computed.
    :param waiting_waves: closes heard and not computed yet.
    :param waiting_plans: plans that no run has finished with.
    :param unsettled_orders: orders of which nobody knows yet what became of them.
    """

    heartbeats: tuple[Heartbeat, ...]
    newest_wave: datetime | None
    waiting_waves: int
    waiting_plans: int
    unsettled_orders: int
    halts: tuple[Halt, ...]
    positions: tuple[OpenPosition, ...]
    equity: tuple[EquityReading, ...]


def system_overview(engine: Engine) -> SystemOverview:
    """Read all of it; no venue is asked."""
    halts = tuple(PostgresHaltRegister(engine).halts())
    positions = open_positions(engine)
    heartbeats = tuple(PostgresHeartbeatStore(engine).beats())
    with reading(engine) as connection:
        return SystemOverview(
            heartbeats=heartbeats,
            newest_wave=connection.execute(
                select(func.max(waves.c.close_time)).where(waves.c.computed_at.is_not(None))
            ).scalar(),
            waiting_waves=_count(connection, waves.c.computed_at.is_(None), waves.c.given_up_at.is_(None)),
            waiting_plans=_count(
                connection, trade_plans.c.status.in_((PlanStatus.NEW.value, PlanStatus.CLAIMED.value))
            ),
            unsettled_orders=_count(connection, order_intents.c.state.in_(_UNSETTLED)),
            halts=halts,
            positions=positions,
            equity=_equity(connection),
        )


def open_positions(engine: Engine) -> tuple[OpenPosition, ...]:
    """Positions of every account that are opening or open, by account and instrument."""
    held = PostgresAccountOverview(engine).live_positions()
    with reading(engine) as connection:
        return tuple(_priced(connection, position) for position in held)


def _priced(connection: Connection, position: Position) -> OpenPosition:
    of_instrument = bars.c.instrument_id == position.instrument_id
    # Of whichever timeframe closed last: that is the price nearest to now.
    newest = select(bars.c.close).where(of_instrument).order_by(bars.c.close_time.desc()).limit(1)
    price: Decimal | None = connection.execute(newest).scalar()
    opened_by = select(trade_plans.c.strategy).where(trade_plans.c.plan_id == position.plan_id)
    strategy: str = connection.execute(opened_by).scalar_one()
    return OpenPosition(position, strategy, price, None if price is None else unrealised_pnl(position, price))


def _equity(connection: Connection) -> tuple[EquityReading, ...]:
    """The newest reading of each account and currency."""
    table = equity_snapshots.c
    query = (
        select(table.account_id, table.currency, table.equity, table.read_at)
        .ext(distinct_on(table.account_id, table.currency))
        .order_by(table.account_id, table.currency, table.read_at.desc())
    )
    return tuple(
        EquityReading(AccountId(row.account_id), row.currency, row.equity, row.read_at)
        for row in connection.execute(query)
    )


def _count(connection: Connection, *rows: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).where(*rows)).scalar_one()
