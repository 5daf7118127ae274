"""Hold what the pipeline signalled and traded against the backtest engine on the same bars."""

from dataclasses import replace

import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.strategies.higher_timeframes import with_higher
from trading_pipeline.ports.signal_store import SignalStore
from trading_pipeline.ports.trade_history import TradeHistory
from trading_pipeline.services.compare_parity import Difference, ParityReport, compare_signals, compare_trades
from trading_pipeline.services.engine_trades import engine_trades
from trading_pipeline.services.generate_signals import exits_of, signals_of
from trading_pipeline.services.parity_question import ParityQuestion
from trading_pipeline.services.research_window import Window, in_window, windowed
from trading_pipeline.services.windows import DayWindow


def check_parity(question: ParityQuestion, signals: SignalStore, history: TradeHistory) -> ParityReport:
    """Compare signals, entries and exits, then trades.

    Where the strategy had the account to itself and sized by risk, the engine decides about entries and
    sizes as well, with the limits of the gate. Where it shared the account, or sized by a model that the
    engine does not have, the pipeline's entries and sizes are given and what became of them is compared.

    :raises DataError: the window has no bars.
    """
    strategy, timeframe = question.plan.strategy, question.timeframe
    scope = (question.start, question.end)
    stored = [
        one
        for kind in SignalKind
        for one in signals.signals(question.symbols, timeframe, *scope, kind)
        if one.strategy == strategy.name
    ]
    entries = sum(one.kind is SignalKind.ENTRY for one in stored)
    computed = [one for symbol in question.symbols for one in _engine_signals(question, symbol)]
    traded = history.trades(strategy.name, timeframe, *scope)
    terms = history.terms(strategy.name, timeframe, *scope)
    if question.limits.sizing is not None:
        terms = replace(terms, alone=False)
    differences: list[Difference] = compare_signals(stored, computed)
    differences += compare_trades(traded, engine_trades(question, computed, traded, terms))
    return ParityReport(
        strategy=strategy.name,
        timeframe=timeframe,
        start=question.start,
        end=question.end,
        signals=entries,
        trades=len(traded),
        legs=sum(len(trade.legs) for trade in traded),
        still_open=sum(not trade.exit_reason for trade in traded),
        denied=entries - len(traded),
        whole_account=terms.alone,
        differences=tuple(differences),
    )


def _engine_signals(question: ParityQuestion, symbol: str) -> list[Signal]:
    """Signals of the window, entries and exits, from one pass over all bars."""
    window = Window(question.start, question.end)
    bars = windowed(question.bars[symbol], window, question.timeframe)
    kept = pd.Series(in_window(bars, window))
    if not kept.any():
        raise DataError(f"{symbol} {question.timeframe}: no bars {window}")
    higher = {timeframe: frames[symbol] for timeframe, frames in question.higher.items() if symbol in frames}
    framed = with_higher(question.plan.strategy, bars, higher, question.timeframe)
    seen = [(question.plan, DayWindow(symbol, framed, kept))]
    if question.books is not None:
        seen = list(question.books.by_day(*seen[0]))
    return [
        signal
        for plan, days in seen
        for said in (signals_of, exits_of)
        for signal in said(days, plan, question.timeframe)
    ]
