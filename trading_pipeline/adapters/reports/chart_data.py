"""What the page's charts draw, small enough to travel inside the page.

Long series are merged for display: several bars become one with their first open, highest high, lowest
low and last close; an equity curve keeps the last value and the deepest drawdown of each group.
"""

import base64
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.analysis.drawdown import drawdown_series
from trading_pipeline.domain.model.backtest_runs import EquityCurve, LegRecord, TradeRecord
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Details
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.domain.model.trade_history import TradeLeg, TradeRow

MAX_POINTS = 60_000
"""Bars or equity values of one series in a page; about 1.6 MB of text."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def bars_document(bars: pd.DataFrame) -> Details:
    """Open time in minutes since 1970 and the four prices, packed; ``merged`` says how many bars make one."""
    times = bars["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
    merged, starts = _groups(len(bars))
    prices = {name: bars[name].to_numpy(np.float64) for name in ("open", "high", "low", "close")}
    ends = np.append(starts[1:], len(bars)) - 1
    return {
        "merged": merged,
        "minutes": _packed(times[starts] // 60_000, "<i4"),
        "open": _packed(prices["open"][starts], "<f4"),
        "high": _packed(np.maximum.reduceat(prices["high"], starts), "<f4"),
        "low": _packed(np.minimum.reduceat(prices["low"], starts), "<f4"),
        "close": _packed(prices["close"][ends], "<f4"),
    }


def equity_document(curve: EquityCurve, initial: float) -> Details:
    """Closing time in minutes, equity, and drawdown in percent of the peak (0 or negative), packed."""
    merged, starts = _groups(len(curve.equity))
    ends = np.append(starts[1:], len(curve.equity)) - 1
    falls = np.maximum.reduceat(drawdown_series(curve.equity, initial), starts)
    return {
        "merged": merged,
        "minutes": _packed(curve.close_ms[ends] // 60_000, "<i4"),
        "equity": _packed(curve.equity[ends], "<f4"),
        "drawdown": _packed(falls * -100.0, "<f4"),
    }


def trades_document(trades: Sequence[TradeRecord], instrument_ids: Sequence[InstrumentId]) -> list[list[object]]:
    """One short list per trade; the page's script names the places."""
    places = {instrument_id: place for place, instrument_id in enumerate(instrument_ids)}
    return [_trade(trade, places[trade.instrument_id]) for trade in trades]


def open_positions_document(rows: Sequence[TradeRow], instrument_ids: Sequence[InstrumentId]) -> list[list[object]]:
    """Lists like those of trades, without an end and a result."""
    places = {instrument_id: place for place, instrument_id in enumerate(instrument_ids)}
    return [
        [
            *(places[row.instrument_id], _sign(row.bias), to_ms(row.signalled_at), row.entry_price, None, None),
            *(row.quantity, None, None, None, row.fees, row.funding, "open", row.stop_price),
            *([_part(leg, row) for leg in row.entries], [_part(leg, row) for leg in row.legs], list(row.targets)),
        ]
        for row in rows
    ]


def _trade(trade: TradeRecord, instrument_id: int) -> list[object]:
    return [
        instrument_id,
        _sign(trade.side),
        to_ms(trade.entry_time),
        trade.entry_price,
        to_ms(trade.exit_time),
        trade.exit_price,
        trade.quantity,
        trade.pnl_usdt,
        trade.pnl_r,
        trade.gross_pnl_r,
        trade.fees_usdt,
        trade.funding_usdt,
        trade.exit_reason,
        trade.stop_price,
        [_leg(leg) for leg in trade.entries],
        [_leg(leg) for leg in trade.legs],
        list(trade.targets),
    ]


def _sign(bias: Bias) -> int:
    return 1 if bias == Bias.LONG else -1


def _part(leg: TradeLeg, row: TradeRow) -> list[object]:
    return [to_ms(leg.time), leg.price, round(leg.quantity / row.quantity, 6), leg.kind]


def _leg(leg: LegRecord) -> list[object]:
    return [to_ms(leg.time), leg.price, round(leg.fraction, 6), leg.kind]


def _groups(count: int) -> tuple[int, Integers]:
    """How many values become one, and where each group begins."""
    # Rounded up, so that the limit holds.
    merged = -(-count // MAX_POINTS) or 1
    return merged, np.arange(0, count, merged)


def _packed(values: Floats | Integers, kind: str) -> str:
    """Little-endian binary as base64 text."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()
