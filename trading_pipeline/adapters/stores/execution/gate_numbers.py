"""Single numbers and instants of the gate's facts, all of them in one query: the gate is waited for.

psycopg remembers how it reads a statement of up to 4,096 characters and 50 parameters, and reads longer ones anew at
each execution: what the account did and how its trades ended is a query of its own (``gate_history``).
"""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import (
    BindParameter,
    Connection,
    DateTime,
    Interval,
    Row,
    ScalarSelect,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.execution.gate_history import NET, OWN_END
from trading_pipeline.adapters.stores.postgres.tables import (
    data_checks,
    equity_snapshots,
    fills,
    indicator_snapshots,
    order_intents,
    positions,
)
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.domain.risk.held import PEAK_DAYS

_DAY = timedelta(days=1)
_ATR = "atr_14"


def _instant(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text)


_ACCOUNT, _CURRENCY, _MIDNIGHT = _text("account_id"), _text("currency"), _instant("midnight")
_INSTRUMENT, _TIMEFRAME, _BIAS = _text("instrument_id"), _text("timeframe"), _text("bias")
_READINGS = equity_snapshots.c.account_id == _ACCOUNT, equity_snapshots.c.currency == _CURRENCY
_TODAY = (*_READINGS, equity_snapshots.c.read_at >= _MIDNIGHT)


def numbers_of(
    connection: Connection, account_id: AccountId, currency: str, plan: TradePlan, now: datetime
) -> Row[tuple[object, ...]]:
    """``last_stop_loss_at``, ``same_side_at``, ``last_entry_at``; ``day_start``, ``day_low``, ``day_high`` and
    ``peak_before`` of equity; ``realised_today``; ``closed_by``, the position that the plan's signal closed; ``atr``,
    as text; ``checks`` of its bar, by question what speaks against it, null where it was not asked.

    :param currency: of equity and results.
    """
    midnight = day_of(now)
    values = {
        "account_id": account_id,
        "currency": currency,
        "midnight": midnight,
        "first_day": midnight - (PEAK_DAYS - 1) * _DAY,
        "last_day": midnight - _DAY,
        "day": _DAY,
        "instrument_id": plan.instrument_id,
        "timeframe": plan.timeframe.value,
        "bias": plan.bias.value,
        "close_time": plan.close_time,
        "signal_id": plan.signal_id,
    }
    return connection.execute(_NUMBERS, values).one()


def _last_stop_loss_at() -> ScalarSelect[datetime]:
    return (
        select(func.max(positions.c.closed_at))
        .where(
            positions.c.account_id == _ACCOUNT,
            positions.c.instrument_id == _INSTRUMENT,
            positions.c.timeframe == _TIMEFRAME,
            # As text and no parameter, so that the index of stopped positions is seen to hold them all.
            positions.c.exit_reason == literal_column(f"'{ExitReason.STOP_LOSS}'"),
        )
        .scalar_subquery()
    )


def _same_side_at() -> ScalarSelect[datetime]:
    """When one was last closed; while one is open the plan is in its way anyhow."""
    return (
        select(func.max(positions.c.closed_at))
        .where(
            positions.c.account_id == _ACCOUNT,
            positions.c.instrument_id == _INSTRUMENT,
            positions.c.bias == _BIAS,
            OWN_END,
        )
        .scalar_subquery()
    )


def _last_entry_at() -> ScalarSelect[datetime]:
    return (
        # Backwards by time until the first that belongs to an entry, and not the maximum of all there ever were.
        select(fills.c.executed_at)
        .join(order_intents, order_intents.c.order_link_id == fills.c.order_link_id)
        .where(fills.c.account_id == _ACCOUNT, order_intents.c.purpose == Purpose.ENTRY.value)
        .order_by(fills.c.executed_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _day_start() -> ScalarSelect[Decimal]:
    return (
        select(equity_snapshots.c.equity).where(*_TODAY).order_by(equity_snapshots.c.read_at).limit(1).scalar_subquery()
    )


def _peak_before() -> ScalarSelect[Decimal]:
    """The highest of the readings that the days before today began with."""
    day = bindparam("day", type_=Interval)
    series = func.generate_series(_instant("first_day"), _instant("last_day"), day)
    days = series.table_valued("day").render_derived()
    # One look into the key for each day: to group thirty days would be to read every minute of them.
    starts = (
        select(equity_snapshots.c.equity)
        .where(
            *_READINGS,
            equity_snapshots.c.read_at >= days.c.day,
            equity_snapshots.c.read_at < days.c.day + day,
        )
        .order_by(equity_snapshots.c.read_at)
        .limit(1)
        .lateral()
    )
    return select(func.max(starts.c.equity)).select_from(days.join(starts, true())).scalar_subquery()


def _realised_today() -> ScalarSelect[Decimal]:
    return (
        select(func.coalesce(func.sum(NET), Decimal(0)))
        .where(
            positions.c.account_id == _ACCOUNT,
            positions.c.settlement_currency == _CURRENCY,
            positions.c.status == PositionStatus.CLOSED.value,
            positions.c.closed_at >= _MIDNIGHT,
        )
        .scalar_subquery()
    )


def _closed_by() -> ScalarSelect[str]:
    """A position has its plan's id."""
    closing = order_intents.c.purpose == Purpose.OPPOSITE_EXIT.value
    query = select(order_intents.c.plan_id).where(order_intents.c.signal_id == _text("signal_id"), closing)
    return query.limit(1).scalar_subquery()


def _atr() -> ScalarSelect[str]:
    """JSON numbers come as text so that no float is in between."""
    snapshot = indicator_snapshots.c
    return (
        select(snapshot["values"][_ATR].astext)
        .where(
            snapshot.instrument_id == _INSTRUMENT,
            snapshot.timeframe == _TIMEFRAME,
            snapshot.close_time == _instant("close_time"),
        )
        .scalar_subquery()
    )


def _checks() -> ScalarSelect[dict[str, str | None]]:
    """What speaks against the plan's bar, by question."""
    check = data_checks.c
    answers = [part for name in CheckName for part in (name.value, check[name.value])]
    return (
        select(func.jsonb_build_object(*answers, type_=JSONB))
        .where(
            check.instrument_id == _INSTRUMENT,
            check.timeframe == _TIMEFRAME,
            check.close_time == _instant("close_time"),
        )
        .scalar_subquery()
    )


_DAY_RANGE = (
    select(
        func.min(equity_snapshots.c.equity).label("day_low"),
        func.max(equity_snapshots.c.equity).label("day_high"),
    )
    .where(*_TODAY)
    .subquery("day_range")
)
# Built once: putting it together takes longer than PostgreSQL takes to answer it.
_NUMBERS = select(
    _last_stop_loss_at().label("last_stop_loss_at"),
    _same_side_at().label("same_side_at"),
    _last_entry_at().label("last_entry_at"),
    _day_start().label("day_start"),
    _peak_before().label("peak_before"),
    _realised_today().label("realised_today"),
    _closed_by().label("closed_by"),
    _atr().label("atr"),
    _checks().label("checks"),
    _DAY_RANGE,
)
