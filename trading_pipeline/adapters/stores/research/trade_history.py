"""Positions and their fills, read back from the ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import Engine, Row, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import TAKE_PROFITS, Purpose
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import FlatStart, SignalOutcome, TradeLeg, TradeRow
from trading_pipeline.domain.risk.outcomes import AFTER_HOLE, STOP_NOT_PROTECTIVE, outcome_of
from trading_pipeline.ports.stores.research.trade_history import TradeHistory

_FILLS = text("""
SELECT position.*, plan.strategy, plan.close_time AS signalled_at, fill.quantity AS filled, fill.price, fill.kind,
       fill.executed_at, intent.purpose, intent.layer, entered.close_time AS entered_at,
       intent.layer > 1 AND intent.plan_id = position.plan_id AS is_level,
       ARRAY(SELECT DISTINCT placed.price FROM trading.order_intents placed
             WHERE placed.position_id = position.position_id AND placed.purpose LIKE 'TP_'
               AND placed.state <> 'intended' AND placed.price IS NOT NULL) AS targets
FROM trading.positions position
JOIN trading.trade_plans plan USING (plan_id)
JOIN trading.fills fill USING (position_id)
LEFT JOIN trading.order_intents intent ON intent.order_link_id = fill.order_link_id
LEFT JOIN trading.trade_plans entered ON entered.plan_id = intent.plan_id
WHERE plan.strategy = :strategy AND position.timeframe = :timeframe
  AND plan.close_time > :start AND plan.close_time <= :end AND position.status IN ('open', 'closed')
ORDER BY plan.close_time, position.instrument_id, fill.executed_at, fill.sequence, fill.execution_id
""")
_OUTCOMES = text("""
SELECT signal.strategy, signal.instrument_id, signal.timeframe, signal.close_time, signal.bias, plan.status,
       plan.status_reason, signal.details ? 'untraded' AS after_hole
FROM trading.signals signal LEFT JOIN trading.trade_plans plan USING (signal_id)
WHERE signal.kind = 'entry' AND signal.strategy = :strategy AND signal.timeframe = :timeframe
  AND signal.close_time > :start AND signal.close_time <= :end
ORDER BY signal.close_time, signal.instrument_id
""")
# By the plan's close and not by the fill: between the two the account is about to enter and no longer flat.
_FLAT = text("""
SELECT reading.read_at, reading.equity FROM trading.equity_snapshots reading
WHERE reading.currency = 'USDT' AND reading.read_at >= :since AND NOT EXISTS (
    SELECT FROM trading.positions position JOIN trading.trade_plans plan USING (plan_id)
    WHERE position.account_id = reading.account_id AND position.opened_at IS NOT NULL
      AND plan.close_time <= reading.read_at
      AND coalesce(position.closed_at, 'infinity') > reading.read_at
)
ORDER BY reading.read_at LIMIT 1
""")
_LIVE = text("""
SELECT min(close_time) AS first, max(close_time) AS newest FROM trading.waves
WHERE timeframe = :timeframe AND computed_at IS NOT NULL
""")


class PostgresTradeHistory(TradeHistory):
    """Reads, never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def trades(self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[TradeRow]:
        """Read fills by position and sum them up."""
        window = {"strategy": strategy, "timeframe": timeframe.value, "start": start, "end": end}
        with reading(self._engine) as connection:
            rows = connection.execute(_FILLS, window).all()
        return [_trade(list(fills), timeframe) for _, fills in groupby(rows, key=lambda row: row.position_id)]

    def signal_outcomes(
        self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[SignalOutcome]:
        """Signals joined to plans, verdicts and positions."""
        window = {"strategy": strategy, "timeframe": timeframe.value, "start": start, "end": end}
        with reading(self._engine) as connection:
            rows = connection.execute(_OUTCOMES, window).all()
        return [
            SignalOutcome(
                row.strategy, InstrumentId(row.instrument_id), timeframe, row.close_time, Bias(row.bias), _outcome(row)
            )
            for row in rows
        ]

    def flat_start(self, since: datetime) -> FlatStart | None:
        """Read from ``equity_snapshots``, in USDT, and ``positions``."""
        with reading(self._engine) as connection:
            row = connection.execute(_FLAT, {"since": since}).first()
        return None if row is None else FlatStart(row.read_at, float(row.equity))

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """Read from ``waves``."""
        with reading(self._engine) as connection:
            row = connection.execute(_LIVE, {"timeframe": timeframe.value}).one()
        return None if row.first is None else (row.first, row.newest)


Fills = Sequence[Row[tuple[object, ...]]]


def _outcome(row: Row[tuple[object, ...]]) -> str:
    """The outcome of a signal: without a plan it came too soon after a hole, or its stop protected nothing; a denial is
    called by its rule.
    """
    if row.status is None:
        return AFTER_HOLE if row.after_hole else STOP_NOT_PROTECTIVE
    if row.status == PlanStatus.EXECUTED.value:
        return "filled"
    rule = str(row.status_reason).partition(":")[0]
    return outcome_of(rule) if row.status == PlanStatus.DENIED.value else str(row.status)


def _trade(fills: Fills, timeframe: Timeframe) -> TradeRow:
    """One position from its fills, in the order of execution."""
    position = fills[0]
    reason = position.exit_reason or ""
    # What no order of ours did, a stop at the venue or a liquidation, has no purpose and is an exit as well.
    exits = [row for row in fills if row.kind != FillKind.FUNDING and row.purpose != Purpose.ENTRY]
    legs = [_leg(row, timeframe) for row in exits]
    if reason and legs:
        # The position knows why it ended; the fill that ended it only knows its order.
        legs[-1] = replace(legs[-1], kind=reason)
    return TradeRow(
        strategy=position.strategy,
        timeframe=timeframe,
        instrument_id=position.instrument_id,
        signalled_at=position.signalled_at,
        bias=Bias(position.bias),
        entry_price=float(position.entry_price),
        quantity=float(position.entry_quantity),
        stop_price=float(position.initial_stop_price),
        exit_reason=reason,
        pnl=float(position.realised_pnl),
        fees=float(position.fees),
        funding=float(position.funding),
        legs=tuple(legs),
        entries=tuple(_entries([row for row in fills if row.purpose == Purpose.ENTRY], timeframe)),
        targets=tuple(sorted(map(float, position.targets), reverse=position.bias == Bias.SHORT)),
    )


def _entries(fills: Fills, timeframe: Timeframe) -> Iterator[TradeLeg]:
    """Every layer with all of its fills, at the close that decided it; a level that rested, when it filled."""
    for number, (_, rows) in enumerate(groupby(fills, key=lambda row: (row.entered_at, row.layer))):
        layer = list(rows)
        quantity = sum(row.filled for row in layer)
        # In ``Decimal`` to the end: as floats the sum would depend on the order of the fills.
        price = sum(row.filled * row.price for row in layer) / quantity
        at, close = layer[0].entered_at, layer[0].entered_at
        if layer[0].is_level:
            at, close = layer[0].executed_at, _bar_close(layer[0].executed_at, timeframe)
        yield TradeLeg(at, close, float(price), float(quantity), "add" if number else "entry")


def _leg(row: Row[tuple[object, ...]], timeframe: Timeframe) -> TradeLeg:
    """An exit that is not the last one is a take profit, or the venue's own doing."""
    kind = "take_profit" if row.purpose in TAKE_PROFITS else str(row.kind)
    close = _bar_close(row.executed_at, timeframe)
    return TradeLeg(row.executed_at, close, float(row.price), float(row.filled), kind)


def _bar_close(at: datetime, timeframe: Timeframe) -> datetime:
    """What is executed at the very close belongs to the bar that closes, not to the one that opens."""
    opened = timeframe.floor(at)
    return opened if opened == at else opened + timeframe.duration
