"""From the engine's result to what is kept of a run."""

import math
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum

from trading_pipeline.domain.backtest.codes import LegKind
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.results import BacktestResult, Leg, Trade
from trading_pipeline.domain.model.backtest_runs import LegRecord, TradeRecord
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import from_ms

_ENTRIES = (LegKind.ENTRY, LegKind.ADD)


def trade_records(result: BacktestResult) -> tuple[TradeRecord, ...]:
    """Every trade, in the order of entries."""
    return tuple(_record(trade) for trade in result.trade_list())


def plain_config(config: BacktestConfig) -> Details:
    """The rules of a run, JSON-ready: names instead of numbers for choices."""
    return {spec.name: _plain(getattr(config, spec.name)) for spec in fields(config)}


def _record(trade: Trade) -> TradeRecord:
    return TradeRecord(
        instrument_id=trade.instrument_id,
        side=trade.bias,
        entry_time=from_ms(trade.entry_time_ms),
        entry_price=_price(trade.entry_price),
        exit_time=from_ms(trade.exit_time_ms),
        exit_price=_price(trade.exit_price),
        quantity=trade.quantity,
        pnl_usdt=trade.pnl,
        pnl_r=_known(trade.pnl_r),
        gross_pnl_r=_known(trade.gross_pnl_r),
        fees_usdt=trade.fees,
        funding_usdt=trade.funding,
        exit_reason=trade.exit_reason.label,
        # Exits alone: the document says that the fractions of its legs add up to 1.
        legs=tuple(_leg(leg) for leg in trade.legs if leg.kind not in _ENTRIES),
        entries=tuple(_leg(leg) for leg in trade.legs if leg.kind in _ENTRIES),
        stop_price=_price(trade.stop_price) if math.isfinite(trade.stop_price) else None,
        mfe_usdt=trade.mfe,
        mae_usdt=trade.mae,
    )


def _leg(leg: Leg) -> LegRecord:
    return LegRecord(from_ms(leg.time_ms), _price(leg.price), leg.fraction, leg.kind.label)


def _known(value: float) -> float | None:
    """A number, or ``None`` for what has none."""
    return value if math.isfinite(value) else None


def _price(value: float) -> float:
    """A price (quote currency) without the dust of sums in its last digits."""
    return float(f"{value:.13g}")


def _plain(value: object) -> object:
    """A part of the configuration as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        # Trails are told apart by their type alone; two of them have fields of the same names.
        named = {"rule": type(value).__name__} if not fields(value) or type(value).__name__.endswith("Trail") else {}
        return named | {spec.name: _plain(getattr(value, spec.name)) for spec in fields(value)}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, Decimal):
        return float(value)
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
