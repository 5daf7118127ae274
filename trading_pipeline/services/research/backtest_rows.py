"""A backtest's trades and what became of its signals, as rows beside those of a trade history."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from trading_pipeline.domain.backtest.codes import LegKind, OrderKind, Outcome
from trading_pipeline.domain.backtest.results import Leg, Trade
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.domain.model.trade_history import SignalOutcome, TradeLeg, TradeRow
from trading_pipeline.services.research.run_backtest import BacktestRun

_ENTRIES = (LegKind.ENTRY, LegKind.ADD)


def trade_rows(done: BacktestRun, until: datetime) -> list[TradeRow]:
    """Every trade whose deciding bar closed before ``until`` (UTC), without what ended because the data did."""
    rows = []
    for trade in done.result.trade_list():
        lane = done.lanes[trade.lane]
        bars = lane.given.bars
        signalled = from_ms(int(bars.close_time_ms[trade.entry_bar]))
        if signalled < until:
            rows.append(_row(trade, lane.strategy, bars.timeframe, signalled))
    return sorted(rows, key=lambda row: (row.signalled_at, row.instrument_id, row.strategy, row.timeframe.ms))


def outcomes_of_signals(done: BacktestRun, until: datetime) -> Iterator[SignalOutcome]:
    """What became of every entry signal of a bar that closed before ``until`` (UTC), by the first of its levels."""
    for lane, outcomes in zip(done.lanes, done.result.outcomes_by_lane(), strict=True):
        signals, bars = lane.given.signals, lane.given.bars
        # The others add to what the first one opened; their fills are the trade's.
        first = np.ones(len(signals.bar_index), bool) if signals.level is None else signals.level <= 1
        entries = (signals.kinds() != OrderKind.EXIT) & first
        for place, direction, outcome in zip(
            signals.bar_index[entries].tolist(),
            signals.direction[entries].tolist(),
            outcomes[entries].tolist(),
            strict=True,
        ):
            closed = from_ms(int(bars.close_time_ms[place]))
            if closed < until:
                bias = Bias.LONG if direction > 0 else Bias.SHORT
                yield SignalOutcome(
                    lane.strategy, lane.instrument_id, bars.timeframe, closed, bias, Outcome(outcome).label
                )


def _row(trade: Trade, strategy: str, timeframe: Timeframe, signalled: datetime) -> TradeRow:
    still_open = trade.exit_reason is LegKind.END_OF_DATA
    kept = [leg for leg in trade.legs if leg.kind is not LegKind.END_OF_DATA]
    exits = [leg for leg in kept if leg.kind not in _ENTRIES]
    entries = [leg for leg in kept if leg.kind in _ENTRIES]
    # What the end of the data closed is open in the pipeline, so its gain is taken off again.
    left_open = [leg for leg in trade.legs if leg.kind is LegKind.END_OF_DATA]
    sign = 1 if trade.bias is Bias.LONG else -1
    return TradeRow(
        strategy=strategy,
        timeframe=timeframe,
        instrument_id=trade.instrument_id,
        signalled_at=signalled,
        bias=trade.bias,
        entry_price=trade.entry_price,
        quantity=trade.quantity,
        stop_price=trade.stop_price,
        exit_reason="" if still_open else trade.exit_reason.label,
        pnl=trade.gross_pnl
        - sum(sign * (leg.price - trade.entry_price) * leg.fraction * trade.quantity for leg in left_open),
        fees=sum(leg.fee for leg in kept),
        funding=trade.funding,
        legs=tuple(_legs(exits, trade.quantity, timeframe)),
        entries=tuple(_legs(entries, trade.quantity, timeframe)),
    )


def _legs(exits: Sequence[Leg], quantity: float, timeframe: Timeframe) -> Iterator[TradeLeg]:
    for leg in exits:
        at = from_ms(leg.time_ms)
        opened = timeframe.floor(at)
        # An instant that bars meet at is the close of the one before it.
        close = at if opened == at else opened + timeframe.duration
        yield TradeLeg(at, close, leg.price, leg.fraction * quantity, leg.kind.label)
