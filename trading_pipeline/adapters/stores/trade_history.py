"""Positions and their fills, read back from the ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlalchemy import Engine, Row, text

from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import TAKE_PROFITS, Purpose
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.trade_history import AccountTerms, TradeHistory, TradeLeg, TradeRow

_FILLS = text("""
SELECT position.*, plan.close_time AS signalled_at, fill.quantity AS filled, fill.price, fill.kind, fill.executed_at,
       intent.purpose
FROM trading.positions position
JOIN trading.trade_plans plan USING (plan_id)
JOIN trading.fills fill USING (position_id)
LEFT JOIN trading.order_intents intent ON intent.order_link_id = fill.order_link_id
WHERE plan.strategy = :strategy AND position.timeframe = :timeframe
  AND plan.close_time > :start AND plan.close_time <= :end AND position.status IN ('open', 'closed')
ORDER BY plan.close_time, position.symbol, fill.executed_at, fill.execution_id
""")
_FEES = text("""
SELECT is_maker, sum(fee) / sum(quantity * price) * 10000 AS bps FROM trading.fills
WHERE kind <> 'funding' AND executed_at >= :start AND executed_at <= :end GROUP BY 1
""")
_FUNDING = text("""
SELECT fill.symbol, fill.executed_at,
       fill.fee / (fill.quantity * fill.price) * CASE position.bias WHEN 'long' THEN 1 ELSE -1 END AS rate
FROM trading.fills fill JOIN trading.positions position USING (position_id)
WHERE fill.kind = 'funding' AND fill.executed_at > :start AND fill.executed_at <= :end
ORDER BY 1, 2
""")
_EQUITY = text("SELECT equity FROM trading.equity_snapshots WHERE read_at >= :start ORDER BY read_at LIMIT 1")
_OTHERS = text("""
SELECT count(*) FROM trading.positions position JOIN trading.trade_plans plan USING (plan_id)
WHERE position.opened_at <= :end AND coalesce(position.closed_at, :end) > :start
  AND (plan.strategy <> :strategy OR plan.timeframe <> :timeframe OR plan.close_time <= :start)
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
        """See the port."""
        window = {"strategy": strategy, "timeframe": timeframe.value, "start": start, "end": end}
        with self._engine.connect() as connection:
            rows = connection.execute(_FILLS, window).all()
        return [_trade(list(fills), timeframe) for _, fills in groupby(rows, key=lambda row: row.position_id)]

    def terms(self, strategy: str, timeframe: Timeframe, start: datetime, end: datetime) -> AccountTerms:
        """See the port."""
        window = {"strategy": strategy, "timeframe": timeframe.value, "start": start, "end": end}
        with self._engine.connect() as connection:
            fees = {row.is_maker: float(row.bps) for row in connection.execute(_FEES, window)}
            equity = connection.execute(_EQUITY, window).scalar()
            funding = connection.execute(_FUNDING, window).all()
            others: int = connection.execute(_OTHERS, window).scalar_one()
        return AccountTerms(
            equity=None if equity is None else float(equity),
            maker_fee_bps=fees.get(True),
            taker_fee_bps=fees.get(False),
            funding={
                str(symbol): [(row.executed_at, float(row.rate)) for row in rows]
                for symbol, rows in groupby(funding, key=lambda row: row.symbol)
            },
            alone=not others,
        )

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """See the port."""
        with self._engine.connect() as connection:
            row = connection.execute(_LIVE, {"timeframe": timeframe.value}).one()
        return None if row.first is None else (row.first, row.newest)


Fills = Sequence[Row[tuple[object, ...]]]


def _trade(fills: Fills, timeframe: Timeframe) -> TradeRow:
    """One position from its fills, in the order of execution."""
    position = fills[0]
    reason = position.exit_reason or ""
    exits = [row for row in fills if row.kind != FillKind.FUNDING and row.purpose != Purpose.ENTRY]
    legs = [_leg(row, timeframe) for row in exits]
    if reason and legs:
        legs[-1] = replace(legs[-1], kind=reason)
    return TradeRow(
        symbol=position.symbol,
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
    )


def _leg(row: Row[tuple[object, ...]], timeframe: Timeframe) -> TradeLeg:
    """An exit that is not the last one is a take profit, or the venue's own doing."""
    opened = timeframe.floor(row.executed_at)
    bar_close = opened if opened == row.executed_at else opened + timeframe.duration
    is_target = row.purpose in TAKE_PROFITS
    return TradeLeg(
        row.executed_at, bar_close, float(row.price), float(row.filled), "take_profit" if is_target else str(row.kind)
    )
