"""The trades that the backtest engine makes under the rules of the pipeline."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.codes import LegKind, Smoothing
from trading_pipeline.domain.backtest.config import AtrTrail, BacktestConfig, Costs, Exits, ExitTarget, Limits
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.results import Leg, Trade
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms
from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline.ports.trade_history import AccountTerms, TradeLeg, TradeRow
from trading_pipeline.services.parity_question import ParityQuestion
from trading_pipeline.services.research_window import Window, windowed

_ENTRIES = (LegKind.ENTRY, LegKind.ADD)
_AMPLE = 1e8
"""Capital where the entries' quantities are given, so that no limit of the account comes between."""


def engine_trades(
    question: ParityQuestion, signals: Sequence[Signal], traded: Sequence[TradeRow], terms: AccountTerms
) -> list[TradeRow]:
    """The engine's trades of the question, as rows of a trade history.

    :param signals: entries, which the engine admits and sizes where the strategy had the account to itself, and
        exits, by which its positions leave where the lifecycle says so.
    :param traded: the pipeline's trades, whose entries are given otherwise.
    """
    window = Window(question.start, question.end)
    config = _config(question, terms)
    inputs = {}
    for symbol in question.symbols:
        bars = _followed(windowed(question.bars[symbol], window, question.timeframe), question.timeframe)
        arrays = BarArrays.of(bars)
        mine = [one for one in signals if one.symbol == symbol and one.kind is SignalKind.ENTRY]
        leaving = [one for one in signals if one.symbol == symbol and one.kind is SignalKind.EXIT]
        given = [row for row in traded if row.symbol == symbol]
        entries = _by_signals(mine, arrays) if terms.alone else _by_trades(given, arrays)
        if question.plan.lifecycle.exit_rules.strategy_exits:
            entries = entries.with_exits(_exits(leaving, arrays))
        inputs[symbol] = _symbol_input(question, symbol, arrays, entries, terms)
    if not any(len(one.signals) for one in inputs.values()):
        return []
    trades = run_backtest(config, inputs).trade_list()
    closes = {symbol: one.bars.close_time_ms for symbol, one in inputs.items()}
    rows = [_row(trade, int(closes[trade.symbol][trade.entry_bar])) for trade in trades]
    return sorted(rows, key=lambda row: (row.signalled_at, row.symbol))


def _followed(bars: pd.DataFrame, timeframe: Timeframe) -> pd.DataFrame:
    """The bars and one without movement: the engine enters and holds nothing on the last bar it has."""
    last = bars.iloc[[-1]].copy()
    for name in ("open_time", "close_time"):
        last[name] = last[name] + timeframe.duration
    for name in ("open", "high", "low"):
        last[name] = last["close"]
    return pd.concat([bars, last], ignore_index=True)


def _symbol_input(
    question: ParityQuestion, symbol: str, arrays: BarArrays, entries: EntrySignals, terms: AccountTerms
) -> SymbolInput:
    paid = terms.funding.get(symbol, ())
    instrument = question.instruments[symbol]
    fine = question.fine_bars.get(symbol)
    return SymbolInput(
        bars=arrays,
        signals=entries,
        steps=Steps(
            price_increment=float(instrument.price_increment),
            quantity_increment=float(instrument.quantity_increment),
            min_quantity=float(instrument.min_quantity),
            min_notional=float(instrument.min_notional) if terms.alone else 0.0,
        ),
        momentum=macd(arrays.close, 12, 26, 9)[2] if question.plan.lifecycle.next_bar_exit else None,
        funding=Funding(np.array([to_ms(at) for at, _ in paid], np.int64), np.array([rate for _, rate in paid])),
        fine_bars=None if fine is None else BarArrays.of(fine),
    )


def _by_signals(signals: Sequence[Signal], bars: BarArrays) -> EntrySignals:
    """Every signal, for the engine to admit and size."""
    return EntrySignals(
        _positions([one.close_time for one in signals], bars),
        _directions([one.bias for one in signals]),
        np.array([float(one.entry_stop) for one in signals]),
    )


def _exits(signals: Sequence[Signal], bars: BarArrays) -> pd.DataFrame:
    """Where the strategy leaves which side, as strategies say it."""
    at = _positions([one.close_time for one in signals], bars)
    return pd.DataFrame({"bar_index": at, "bias": [str(one.bias) for one in signals]})


def _by_trades(trades: Sequence[TradeRow], bars: BarArrays) -> EntrySignals:
    """The entries that were made, with their quantities."""
    return EntrySignals(
        _positions([one.signalled_at for one in trades], bars),
        _directions([one.bias for one in trades]),
        np.array([one.stop_price for one in trades]),
        quantity=np.array([one.quantity for one in trades]),
    )


def _positions(closes: Sequence[datetime], bars: BarArrays) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.searchsorted(bars.close_time_ms, np.array([to_ms(close) for close in closes], np.int64))


def _directions(biases: Sequence[Bias]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([1 if bias is Bias.LONG else -1 for bias in biases], np.int64)


def _config(question: ParityQuestion, terms: AccountTerms) -> BacktestConfig:
    """The lifecycle and limits of the pipeline in the engine's words."""
    lifecycle, limits = question.plan.lifecycle, question.limits
    costs = Costs(maker_fee_bps=terms.maker_fee_bps or 0.0, taker_fee_bps=terms.taker_fee_bps or 0.0)
    exits = Exits(
        targets=tuple(ExitTarget(float(one.r_multiple), float(one.fraction)) for one in lifecycle.targets),
        break_even_after_targets=lifecycle.exit_rules.break_even_after_targets,
        # the snapshots' ATR is Wilder's
        trail=AtrTrail(float(lifecycle.runner.atr_multiple), lifecycle.runner.atr_period, Smoothing.WILDER),
        trail_after_targets=len(lifecycle.targets),
        next_bar_exit=lifecycle.next_bar_exit,
    )
    # The account's margin is common to all positions, and the stops are nearer than its end.
    leverage, margin = float(limits.max_leverage), 0.0
    if terms.alone and terms.equity is not None:
        account = Limits(
            risk_per_trade=float(limits.risk_per_trade),
            max_open_positions=limits.max_open_positions,
            max_leverage=leverage,
            maintenance_margin=margin,
            max_daily_loss=float(limits.max_daily_loss),
            cooldown_bars=limits.cooldown_bars,
        )
        return BacktestConfig(initial_capital=terms.equity, costs=costs, limits=account, exits=exits)
    ample = Limits(
        max_open_positions=10_000,
        max_leverage=leverage,
        maintenance_margin=margin,
        max_daily_loss=None,
        cooldown_bars=0,
    )
    return BacktestConfig(initial_capital=_AMPLE, costs=costs, limits=ample, exits=exits)


def _row(trade: Trade, signalled_ms: int) -> TradeRow:
    """A trade of the engine, without what it closed because the data ended."""
    still_open = trade.exit_reason is LegKind.END_OF_DATA
    kept = [leg for leg in trade.legs if leg.kind is not LegKind.END_OF_DATA]
    exits = [leg for leg in kept if leg.kind not in _ENTRIES]
    sign = 1 if trade.bias is Bias.LONG else -1
    return TradeRow(
        symbol=trade.symbol,
        signalled_at=from_ms(signalled_ms),
        bias=trade.bias,
        entry_price=trade.entry_price,
        quantity=trade.quantity,
        stop_price=trade.stop_price,
        exit_reason="" if still_open else trade.exit_reason.label,
        pnl=sum(sign * (leg.price - trade.entry_price) * leg.fraction * trade.quantity for leg in exits),
        fees=sum(leg.fee for leg in kept),
        funding=trade.funding,
        legs=tuple(_leg(leg, trade.quantity) for leg in exits),
    )


def _leg(leg: Leg, quantity: float) -> TradeLeg:
    at = from_ms(leg.time_ms)
    return TradeLeg(at, at, leg.price, leg.fraction * quantity, leg.kind.label)
