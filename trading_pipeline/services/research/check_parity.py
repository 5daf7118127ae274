"""Hold what the pipeline signalled and traded against the plain backtest of the same account."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import TradeRow
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig, running
from trading_pipeline.ports.stores.research.trade_history import TradeHistory
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.backtest_rows import outcomes_of_signals, trade_rows
from trading_pipeline.services.research.compare_parity import (
    ParityReport,
    compare_outcomes,
    compare_signals,
    compare_trades,
)
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.research_window import Window, in_window, windowed
from trading_pipeline.services.research.run_backtest import BacktestRequest, StrategyRun, run_backtest
from trading_pipeline.services.strategy.answers import exits_of, signals_of
from trading_pipeline.services.strategy.windows import DayWindow


def check_parity(question: ParityQuestion, signals: SignalStore, history: TradeHistory) -> ParityReport:
    """Compare signals, then what became of each of them, then trades.

    The other side is the backtest that the command runs for the same configuration, told nothing of what the
    pipeline did but what the report lists as given.

    :raises DataError: the window has no bars.
    """
    computed = [one for run in _runs(question) for one in _computed(question, run)]
    given, runs = list(question.given), []
    for run in _runs(question):
        if run.strategy.needs_book:
            # Bars do not hold what the book said; told the signals, the engine is still asked what becomes of them.
            run = replace(run, signals=_entry_signals(run, computed, question))
            given.append(f"signals of {run.strategy.name}, which bars alone do not decide")
        runs.append(run)
    # By the close: a wave is a closing instant, whatever the length of its bars.
    window = Window(question.start, question.end, by_close=True)
    done = run_backtest(
        BacktestRequest(
            runs=runs,
            code_version="",
            window=window,
            steps=question.steps,
            fees=question.fees,
            funding=question.funding,
            path=question.path,
        )
    )
    keys = running(question.plans)
    scope = (question.start, question.end)
    stored = [one for run in runs for one in _stored(signals, run, scope)]
    traded = [row for key in keys for row in history.trades(*key, *scope) if row.signalled_at < question.end]
    # a layer that the last close decided is none of the backtest's, which has no later bar for it
    unfinished = {_name(row) for row in traded if any(entry.bar_close >= question.end for entry in row.entries)}
    traded = [row for row in traded if _name(row) not in unfinished]
    expected = [row for row in trade_rows(done, question.end) if _name(row) not in unfinished]
    signal_outcomes = [
        one for key in keys for one in history.signal_outcomes(*key, *scope) if one.close_time < question.end
    ]
    differences = [
        *compare_signals(stored, computed),
        *compare_outcomes(signal_outcomes, list(outcomes_of_signals(done, question.end))),
        *compare_trades(traded, expected),
    ]
    return ParityReport(
        strategies=tuple(f"{run.strategy.name} {run.timeframe}" for run in runs),
        start=question.start,
        end=question.end,
        signals=sum(one.kind is SignalKind.ENTRY for one in stored),
        exits=sum(one.kind is SignalKind.EXIT for one in stored),
        trades=len(traded),
        legs=sum(len(trade.legs) for trade in traded),
        still_open=sum(not trade.exit_reason for trade in traded),
        not_entered=sum(one.outcome != "filled" for one in signal_outcomes),
        given=tuple(given),
        differences=tuple(differences),
    )


def _name(trade: TradeRow) -> tuple[str, Timeframe, str, datetime]:
    """What tells trades apart."""
    return trade.strategy, trade.timeframe, trade.instrument_id, trade.signalled_at


def _runs(question: ParityQuestion) -> Sequence[StrategyRun]:
    """What the configuration runs, as the command would run it."""
    return strategy_runs(question.plans, question.bars, question.capital)


def _stored(signals: SignalStore, run: StrategyRun, scope: tuple[datetime, datetime]) -> Iterator[Signal]:
    for kind in SignalKind:
        for one in signals.signals(list(run.bars), run.timeframe, *scope, kind):
            if one.strategy == run.strategy.name:
                yield one


def _computed(question: ParityQuestion, run: StrategyRun) -> Iterator[Signal]:
    """Entries and exits of the window from one pass over all bars."""
    window = Window(question.start, question.end, by_close=True)
    plan = next(
        plan
        for plan in question.plans
        if plan.strategy.name == run.strategy.name and plan.covers(next(iter(run.bars)), run.timeframe)
    )
    for instrument_id, frame in run.bars.items():
        bars = windowed(with_resampled(run.strategy, frame), window, run.timeframe)
        kept = pd.Series(in_window(bars, window))
        if not kept.any():
            raise DataError(f"{instrument_id} {run.timeframe}: no bars {window}")
        for one_plan, seen in _seen(question, plan, DayWindow(instrument_id, bars, kept)):
            yield from signals_of(seen, one_plan, run.timeframe)
            yield from exits_of(seen, one_plan, run.timeframe)


def _seen(
    question: ParityQuestion, plan: StrategyConfig, window: DayWindow
) -> Iterator[tuple[StrategyConfig, DayWindow]]:
    """The window as the strategy decides on it."""
    if question.books is None:
        yield plan, window
    else:
        yield from question.books.by_day(plan, window)


def _entry_signals(
    run: StrategyRun, computed: Sequence[Signal], question: ParityQuestion
) -> dict[InstrumentId, EntrySignals]:
    """Signals that were computed elsewhere as the engine takes them, by instrument."""
    window = Window(question.start, question.end, by_close=True)
    signals = {}
    for instrument_id, frame in run.bars.items():
        mine = [
            one
            for one in computed
            if (one.strategy, one.instrument_id, one.timeframe) == (run.strategy.name, instrument_id, run.timeframe)
            and one.kind is SignalKind.ENTRY
        ]
        closes = pd.DatetimeIndex(windowed(frame, window, run.timeframe, run.strategy.warmup_bars)["close_time"])
        signals[instrument_id] = EntrySignals(
            closes.get_indexer(pd.DatetimeIndex([one.close_time for one in mine], tz="UTC")).astype(np.int64),
            np.array([1 if one.bias is Bias.LONG else -1 for one in mine], np.int64),
            np.array([float(one.stop_price) for one in mine if one.stop_price is not None]),
        )
    return signals
