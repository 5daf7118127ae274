"""How a system stands: what its feed says, what it has computed, what is halted, open, unsettled."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, ScalarSelect, Select, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import array, distinct_on

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
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.position_sums import unrealised_pnl

_UNSETTLED = tuple(state.value for state in IntentState if state.unsettled)
_WAITING = (PlanStatus.NEW.value, PlanStatus.CLAIMED.value)


def _count(*rows: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*rows).scalar_subquery()


def _newest_close() -> Select[Decimal]:
    """Of whichever timeframe closed last: that is the price nearest to now."""
    frames = select(func.unnest(array([one.value for one in Timeframe])).label("timeframe")).subquery()
    # The newest of each timeframe is at the end of an index; the newest of them all is not.
    newest = (
        select(bars.c.close, bars.c.close_time)
        .where(bars.c.instrument_id == bindparam("instrument_id"), bars.c.timeframe == frames.c.timeframe)
        .order_by(bars.c.open_time.desc())
        .limit(1)
        .lateral()
    )
    return select(newest.c.close).select_from(frames.join(newest, true())).order_by(newest.c.close_time.desc()).limit(1)


# Built once and asked at once: putting them together takes longer than PostgreSQL takes to answer them.
_NEWEST_CLOSE = _newest_close()
_FIGURES = select(
    select(func.max(waves.c.close_time)).where(waves.c.computed_at.is_not(None)).scalar_subquery().label("newest_wave"),
    _count(waves.c.computed_at.is_(None), waves.c.given_up_at.is_(None)).label("waiting_waves"),
    _count(trade_plans.c.status.in_(_WAITING)).label("waiting_plans"),
    _count(order_intents.c.state.in_(_UNSETTLED)).label("unsettled_orders"),
)
_READ = equity_snapshots.c
_EQUITY = (
    select(_READ.account_id, _READ.currency, _READ.equity, _READ.read_at)
    .ext(distinct_on(_READ.account_id, _READ.currency))
    .order_by(_READ.account_id, _READ.currency, _READ.read_at.desc())
)


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
        figures = connection.execute(_FIGURES).one()
        return SystemOverview(
            heartbeats=heartbeats,
            newest_wave=figures.newest_wave,
            waiting_waves=figures.waiting_waves,
            waiting_plans=figures.waiting_plans,
            unsettled_orders=figures.unsettled_orders,
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
    price = connection.scalar(_NEWEST_CLOSE, {"instrument_id": position.instrument_id})
    opened_by = select(trade_plans.c.strategy).where(trade_plans.c.plan_id == position.plan_id)
    strategy: str = connection.execute(opened_by).scalar_one()
    return OpenPosition(position, strategy, price, None if price is None else unrealised_pnl(position, price))


def _equity(connection: Connection) -> tuple[EquityReading, ...]:
    """The newest reading of each account and currency."""
    return tuple(
        EquityReading(AccountId(row.account_id), row.currency, row.equity, row.read_at)
        for row in connection.execute(_EQUITY)
    )
