"""The facts that the gate decides on, read in its transaction."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Text, bindparam, func, select

from trading_pipeline.adapters.stores.execution.gate_history import activity_in, closed_in, history_of
from trading_pipeline.adapters.stores.execution.gate_numbers import numbers_of
from trading_pipeline.adapters.stores.execution.ledger_rows import FINAL_STATES, LIVE_STATUSES, entries_query, record_of
from trading_pipeline.adapters.stores.postgres.tables import (
    halts,
    order_intents,
    positions,
    trade_plans,
)
from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.orders import WHOLE_EXITS, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry import GateFacts, OpenLayers
from trading_pipeline.domain.risk.held import LivePosition, TradeRecord


def facts_of(connection: Connection, account_id: AccountId, currency: str, plan: TradePlan, now: datetime) -> GateFacts:
    """What the ledger says about the plan.

    :param currency: settlement currency of the plan's instrument.
    :param now: venue time, UTC.
    """
    live, adds_to = _live(connection, account_id), None
    if any(one.instrument_id == plan.instrument_id for one in live):
        # It holds the position, so that what follows still knows it as open.
        adds_to = _adds_to(connection, account_id, plan)
        live = _live(connection, account_id)
    numbers = numbers_of(connection, account_id, currency, plan, now)
    history = history_of(connection, account_id, currency, now)
    highs = [one for one in (numbers.day_high, numbers.peak_before) if one is not None]
    return GateFacts(
        account_id=account_id,
        checks=tuple(
            DataCheck(plan.instrument_id, plan.timeframe, plan.close_time, CheckName(name), not detail, detail)
            for name, detail in (numbers.checks or {}).items()
            if detail is not None
        ),
        halts=tuple(read_halts(connection)),
        live=live,
        last_stop_loss_at=numbers.last_stop_loss_at,
        day_start_equity=numbers.day_start,
        pending_notional=history.pending_notional,
        closed_by_signal=numbers.closed_by or "",
        adds_to=adds_to,
        day_low_equity=numbers.day_low,
        peak_equity=max(highs, default=None),
        activity=activity_in(history, numbers.last_entry_at),
        trades=TradeRecord(closed_in(history), numbers.realised_today, numbers.same_side_at),
        # The plan is entered at the close of its bar.
        volatility_pct=Decimal(numbers.atr) / plan.entry_price * 100 if numbers.atr and plan.entry_price else None,
    )


def read_halts(connection: Connection) -> list[Halt]:
    """Every halt that is stored, oldest first."""
    rows = connection.execute(_HALTS)
    return [
        Halt(HaltScope(row.scope), row.reason, row.since, row.flatten, row.run_id, HaltKind(row.kind), row.until)
        for row in rows
    ]


def _live(connection: Connection, account_id: AccountId) -> tuple[LivePosition, ...]:
    """Opening and open positions with what is on its way into them."""
    return tuple(
        LivePosition(
            position_id=row.position_id,
            instrument_id=InstrumentId(row.instrument_id),
            timeframe=Timeframe(row.timeframe),
            bias=Bias(row.bias),
            quantity=row.quantity + row.growing,
            price=row.price,
            stop_price=row.stop_price,
        )
        for row in connection.execute(_LIVE, {"account_id": account_id})
    )


def _adds_to(connection: Connection, account_id: AccountId, plan: TradePlan) -> OpenLayers | None:
    """The open position of the plan's strategy, instrument, timeframe and side; none that is being left."""
    values = {
        "account_id": account_id,
        "strategy": plan.strategy,
        "instrument_id": plan.instrument_id,
        "timeframe": plan.timeframe.value,
        "bias": plan.bias.value,
    }
    found = connection.execute(_ADDS_TO, values).scalar()
    if found is None:
        return None
    entries = [record_of(row) for row in connection.execute(entries_query(found))]
    return OpenLayers(
        position_id=found,
        layers=len({entry.intent.layer for entry in entries if not entry.empty}),
        # By the last number and not by the count: an entry that ended empty has used up its number.
        next_layer=entries[-1].intent.layer + 1,
    )


# Built once: putting them together takes longer than PostgreSQL takes to answer them.
_ACCOUNT, _STRATEGY, _INSTRUMENT, _TIMEFRAME, _BIAS = (
    bindparam(name, type_=Text) for name in ("account_id", "strategy", "instrument_id", "timeframe", "bias")
)
_HALTS = select(halts).order_by(halts.c.since, halts.c.scope, halts.c.kind)
# Any exit but a target closes the whole position, and a layer that fills behind it would stand alone.
_LEAVING = select(order_intents.c.order_link_id).where(
    order_intents.c.position_id == positions.c.position_id,
    order_intents.c.purpose.in_([purpose.value for purpose in WHOLE_EXITS]),
)
_ADDS_TO = (
    select(positions.c.position_id)
    .join(trade_plans, trade_plans.c.plan_id == positions.c.plan_id)
    .where(
        trade_plans.c.strategy == _STRATEGY,
        positions.c.account_id == _ACCOUNT,
        positions.c.instrument_id == _INSTRUMENT,
        positions.c.timeframe == _TIMEFRAME,
        positions.c.bias == _BIAS,
        positions.c.status == PositionStatus.OPEN.value,
        positions.c.quantity > 0,
        ~_LEAVING.exists(),
    )
    # The plan that opened it is joined for its strategy only; holding it, too, would stop a run that finishes it.
    .with_for_update(of=positions)
)
# What rests of an entry may fill while the gate decides, so it counts as held.
_GROWING = (
    select(func.sum(order_intents.c.quantity - order_intents.c.filled_quantity))
    .where(
        order_intents.c.position_id == positions.c.position_id,
        order_intents.c.purpose == Purpose.ENTRY.value,
        order_intents.c.state.not_in(FINAL_STATES),
    )
    .scalar_subquery()
)
_LIVE = (
    select(
        *(
            positions.c[name]
            for name in ("position_id", "instrument_id", "timeframe", "bias", "quantity", "stop_price")
        ),
        func.coalesce(_GROWING, Decimal(0)).label("growing"),
        # Until something fills, the plan's price is the best there is.
        func.coalesce(positions.c.entry_price, trade_plans.c.entry_price).label("price"),
    )
    .join(trade_plans, trade_plans.c.plan_id == positions.c.plan_id)
    .where(positions.c.account_id == _ACCOUNT, positions.c.status.in_(LIVE_STATUSES))
    .order_by(positions.c.instrument_id)
)
