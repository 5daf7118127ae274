"""Backtest strategies over the bars of some instruments with one account."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trading_pipeline.domain.analysis.metrics import metrics_of
from trading_pipeline.domain.backtest import engine
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.model.backtest_runs import EquityCurve, RunRecord
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.backtest_lanes import lanes_of, seen_bars
from trading_pipeline.services.research.backtest_provenance import provenance, run_id_of
from trading_pipeline.services.research.backtest_records import trade_records
from trading_pipeline.services.research.backtest_request import BacktestRequest
from trading_pipeline.services.research.input_notes import GivenInput, input_notes
from trading_pipeline.services.research.research_window import Window, in_window


@dataclass(frozen=True, slots=True)
class BacktestRun:
    """A finished run: what is kept of it, and the engine's own result.

    :param lanes: strategy, instrument and bars of each position in ``result.lanes``.
    :param bars: the bars it saw by instrument, warm-up included, of the shortest timeframe.
    """

    record: RunRecord
    result: BacktestResult
    lanes: Sequence[Lane]
    bars: Mapping[InstrumentId, pd.DataFrame]


def run_backtest(request: BacktestRequest) -> BacktestRun:
    """Signals, trades, figures.

    :raises ConfigurationError: rules that do not fit together or lack their data.
    :raises DataError: bars that no decision may be taken from, or too few of them.
    """
    runs = [replace(run, bars=seen_bars(request, run)) for run in request.runs]
    lanes = lanes_of(request, runs)
    traded = {lane.instrument_id for lane in lanes}
    path = {
        instrument_id: _path(request, frame) for instrument_id, frame in request.path.items() if instrument_id in traded
    }
    notes = [note for lane in lanes for note in _notes(request, lane, path.get(lane.instrument_id))]
    result = _inside(engine.run_account(lanes, path), request.window)
    params = provenance(request, runs, lanes, path)
    record = RunRecord(
        run_id=request.run_id or run_id_of(params),
        # Notes follow from the bars, so that they are no part of the id.
        params=params | {"notes": [*request.notes, *dict.fromkeys(notes)]},
        metrics=_metrics(result, lanes),
        trades=trade_records(result),
        curve=EquityCurve(result.close_ms, result.equity),
    )
    shortest = next(run for run in runs if run.timeframe is request.timeframe)
    return BacktestRun(record, result, lanes, shortest.bars)


def _notes(request: BacktestRequest, lane: Lane, path: BarArrays | None) -> Iterator[str]:
    """What has to be said about the input of one lane."""
    given = GivenInput(lane.instrument_id, lane.given.bars, request.funding.get(lane.instrument_id), path)
    rate = lane.config.costs.funding_rate
    return input_notes(given, request.window, assumed_rate=rate, allow_jumps=request.allow_jumps, holes=request.holes)


def _path(request: BacktestRequest, frame: pd.DataFrame) -> BarArrays:
    """The path bars of the window: before it nothing is held."""
    return BarArrays.of(frame[in_window(frame, request.window)])


def _inside(result: BacktestResult, window: Window) -> BacktestResult:
    """The result without the waves of the warm-up, in which nothing was traded."""
    if window.start is None:
        return result
    # A wave that closes exactly at the start belongs to the bar before it.
    first = int(np.searchsorted(result.close_ms, window.start_ms, side="right"))
    return replace(result, close_ms=result.close_ms[first:], equity=result.equity[first:])


def _first_bar_ms(result: BacktestResult, lanes: Sequence[Lane]) -> int:
    """Length in milliseconds of the bar that closed first; of the shortest, where several did."""
    first = result.close_ms[0]
    return min(lane.bar_ms for lane in lanes if first in lane.given.bars.close_time_ms)


def _metrics(result: BacktestResult, lanes: Sequence[Lane]) -> dict[str, float | None]:
    """Every figure, and under ``signals_<outcome>`` how many signals met which outcome.

    Holding is compared with where there is one lane to hold.
    """
    closes = lanes[0].given.bars.close[-len(result.close_ms) :] if len(lanes) == 1 else None
    figures = metrics_of(result, _first_bar_ms(result, lanes), closes)
    counts = {f"signals_{outcome}": float(count) for outcome, count in result.outcome_counts().items()}
    numbers = figures | {"signals": float(len(result.outcomes))} | counts
    # JSON has neither infinity nor NaN.
    return {name: float(value) if np.isfinite(value) else None for name, value in numbers.items()}
