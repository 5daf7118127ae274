"""What the strategies decide on all bars in one pass, and the same as the engine takes it."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.services.research.backtest_request import StrategyRun
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.research_window import in_window, unrefused, windowed
from trading_pipeline.services.strategy.answers import signals_of
from trading_pipeline.services.strategy.windows import DayWindow


def recomputed_signals(question: ParityQuestion, run: StrategyRun) -> Iterator[Signal]:
    """Entries and exits of the window.

    :raises DataError: the window has no bars.
    """
    plan = next(
        plan
        for plan in question.plans
        if plan.strategy.name == run.strategy.name and plan.covers(next(iter(run.bars)), run.timeframe)
    )
    for instrument_id, frame in run.bars.items():
        bars = windowed(with_resampled(run.strategy, frame, question.holes), question.window)
        inside = in_window(bars, question.window)
        if not inside.any():
            raise DataError(f"{instrument_id} {run.timeframe}: no bars {question.window}")
        refused = pd.Series(~unrefused(bars, frame, run.timeframe, question.holes))
        window = DayWindow(instrument_id, bars, pd.Series(inside), refused)
        for one_plan, seen in _seen(question, plan, window):
            entries, exits = signals_of(seen, one_plan, run.timeframe)
            yield from (*entries, *exits)


def engine_signals(
    question: ParityQuestion, run: StrategyRun, computed: Sequence[Signal]
) -> dict[InstrumentId, EntrySignals]:
    """The entries among ``computed`` that are the run's own, by instrument."""
    signals = {}
    for instrument_id, frame in run.bars.items():
        mine = [
            one
            for one in computed
            if (one.strategy, one.instrument_id, one.timeframe) == (run.strategy.name, instrument_id, run.timeframe)
            and one.kind is SignalKind.ENTRY
            # Found too soon after a hole: kept for the comparison, entered by neither side.
            and not one.untraded
        ]
        # With the warm-up, as the engine gets its bars: a signal is a place among them.
        closes = pd.DatetimeIndex(windowed(frame, question.window, run.strategy.warmup_bars)["close_time"])
        signals[instrument_id] = EntrySignals(
            closes.get_indexer(pd.DatetimeIndex([one.close_time for one in mine], tz="UTC")).astype(np.int64),
            np.array([1 if one.bias is Bias.LONG else -1 for one in mine], np.int64),
            np.array([float(one.stop_price) for one in mine if one.stop_price is not None]),
        )
    return signals


def _seen(
    question: ParityQuestion, plan: StrategyConfig, window: DayWindow
) -> Iterator[tuple[StrategyConfig, DayWindow]]:
    """The window as the strategy decides on it."""
    if question.books is None:
        yield plan, window
    else:
        yield from question.books.by_day(plan, window)
