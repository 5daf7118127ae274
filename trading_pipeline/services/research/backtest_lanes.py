"""From bars to the lanes of the engine: what each strategy sees of an instrument, and the signals it gives there."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from trading_pipeline.domain.backtest.assumed_funding import with_assumed_funding
from trading_pipeline.domain.backtest.codes import OrderKind
from trading_pipeline.domain.backtest.coverage import Span
from trading_pipeline.domain.backtest.lanes import Lane, in_order
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.research_window import in_window, unrefused, windowed


def seen_bars(request: BacktestRequest, run: StrategyRun) -> dict[InstrumentId, pd.DataFrame]:
    """The bars of the window and its warm-up, with the higher timeframes that the strategy wants to see.

    :raises DataError: too few of them for anything to happen.
    """
    bars = {}
    for instrument_id, frame in run.bars.items():
        # Before the cut: higher bars need what lies before the window, however long they are.
        whole = with_resampled(run.strategy, frame, request.holes)
        bars[instrument_id] = windowed(whole, request.window, run.strategy.warmup_bars)
        _require_bars(request, run, instrument_id, bars[instrument_id])
    return bars


def lanes_of(request: BacktestRequest, runs: Sequence[StrategyRun]) -> list[Lane]:
    """A lane for each strategy, timeframe and instrument, in the order in which they enter.

    :param runs: of the request, with the bars that they see.
    :raises DataError: bars that no decision may be taken from.
    """
    spans = _spans(run.bars for run in runs)
    return in_order(
        [
            _lane(request, run, instrument_id, spans[instrument_id], given.bars[instrument_id])
            for given, run in zip(request.runs, runs, strict=True)
            for instrument_id in run.bars
        ]
    )


def _require_bars(request: BacktestRequest, run: StrategyRun, instrument_id: InstrumentId, bars: pd.DataFrame) -> None:
    """Refuse a window in which nothing could happen."""
    try:
        run.strategy.require_warmup(bars)
    except DataError as error:
        raise DataError(f"{instrument_id} {run.timeframe}: {error}") from error
    if int(in_window(bars, request.window).sum()) < 2:
        raise DataError(
            f"{instrument_id} {run.timeframe}: fewer than two bars {request.window}; ask for what the bars cover"
        )


def _spans(frames: Iterable[Mapping[InstrumentId, pd.DataFrame]]) -> dict[InstrumentId, Span]:
    """From the first open to the last close of each instrument's bars."""
    spans: dict[InstrumentId, Span] = {}
    for bars in frames:
        for instrument_id, frame in bars.items():
            arrays = BarArrays.of(frame)
            first, last = int(arrays.open_time_ms[0]), int(arrays.close_time_ms[-1])
            known = spans.get(instrument_id, Span(first, last))
            spans[instrument_id] = Span(min(known.first_ms, first), max(known.end_ms, last))
    return spans


def _lane(
    request: BacktestRequest, run: StrategyRun, instrument_id: InstrumentId, span: Span, whole: pd.DataFrame
) -> Lane:
    """One strategy, timeframe and instrument as the engine takes them.

    Signals outside the window are left out, and so are entries at bars at which the pipeline would enter nothing.
    """
    bars = run.bars[instrument_id]
    arrays = BarArrays.of(bars)
    signals = run.signals.get(instrument_id)
    if signals is None:
        signals = EntrySignals.of_strategy(run.strategy, bars, arrays, exits=run.config.exits.strategy_exits)
    heard = in_window(bars, request.window)[signals.bar_index]
    entered = unrefused(bars, whole, run.timeframe, request.holes)[signals.bar_index]
    signals = signals.chosen(heard & (entered | (signals.kinds() == OrderKind.EXIT)))
    given = SymbolInput(
        bars=arrays,
        signals=signals,
        steps=request.steps.get(instrument_id, Steps()),
        # The series of the pipeline's rule; unused it would be a field without effect, which the engine refuses.
        momentum=macd(arrays.close, 12, 26, 9)[2] if run.config.exits.next_bar_exit else None,
        funding=with_assumed_funding(request.funding.get(instrument_id), span, run.config.costs),
    )
    config = run.config.with_values(request.fees.get(instrument_id, {}))
    return Lane(run.strategy.name, instrument_id, config, given)
