"""Backtest strategies over the bars of some instruments with one account."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from trading_pipeline.domain.analysis.metrics import metrics_of
from trading_pipeline.domain.backtest import engine
from trading_pipeline.domain.backtest.assumed_funding import with_assumed_funding
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.coverage import Span
from trading_pipeline.domain.backtest.lanes import Lane, in_order
from trading_pipeline.domain.backtest.presets import RulesUsed
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.model.backtest_runs import EquityCurve, RunRecord
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.services.research.backtest_records import plain_config, trade_records
from trading_pipeline.services.research.input_notes import GivenInput, input_notes
from trading_pipeline.services.research.research_window import Window, in_window, windowed


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """One strategy on one timeframe of the account.

    :param bars: frames with ``BAR_COLUMNS`` by instrument; they may begin before the window, for the warm-up.
        Higher timeframes are made of all of them.
    :param signals: by instrument, of a strategy that bars alone do not let decide; positions are those of its bars
        in the window with their warm-up.
    """

    strategy: Strategy
    timeframe: Timeframe
    bars: Mapping[InstrumentId, pd.DataFrame]
    config: BacktestConfig
    signals: Mapping[InstrumentId, EntrySignals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to run.

    :param window: entries are taken at bars inside it, and figures are about it alone.
    :param steps: of the instruments, by instrument; none where an instrument is missing.
    :param fees: of the instruments, by instrument, in the words of ``Costs``; they come before those of the rules.
    :param funding: recorded events by instrument; what they do not cover is assumed by the costs.
    :param path: the finest bars by instrument, along which prices are taken to have moved.
    :param code_version: of what turns bars into trades; part of the run's identity.
    :param allow_jumps: take prices that jump as no market does, and name them in ``params["notes"]``.
    :param notes: what was said when the bars were read; likewise.
    :param run_id: a name for the run; derived from everything else when empty.
    """

    runs: Sequence[StrategyRun]
    code_version: str
    rules: RulesUsed = field(default_factory=RulesUsed)
    window: Window = field(default_factory=Window)
    steps: Mapping[InstrumentId, Steps] = field(default_factory=dict)
    fees: Mapping[InstrumentId, Mapping[str, float]] = field(default_factory=dict)
    funding: Mapping[InstrumentId, Funding] = field(default_factory=dict)
    path: Mapping[InstrumentId, pd.DataFrame] = field(default_factory=dict)
    allow_jumps: bool = False
    notes: tuple[str, ...] = ()
    run_id: str = ""

    @property
    def timeframe(self) -> Timeframe:
        """The shortest that anything is decided on."""
        return min((run.timeframe for run in self.runs), key=lambda timeframe: timeframe.ms)


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
    runs = [replace(run, bars=_seen(request, run)) for run in request.runs]
    spans = _spans(run.bars for run in runs)
    lanes = in_order(
        [_lane(request, run, instrument_id, spans[instrument_id]) for run in runs for instrument_id in run.bars]
    )
    path = {
        instrument_id: _path(request, frame) for instrument_id, frame in request.path.items() if instrument_id in spans
    }
    notes = [note for lane in lanes for note in _notes(request, lane, path.get(lane.instrument_id))]
    result = _inside(engine.run_account(lanes, path), request.window)
    params = _params(request, runs, lanes, path)
    record = RunRecord(
        run_id=request.run_id or _digest(params),
        # Notes follow from the bars, so that they are no part of the id.
        params=params | {"notes": [*request.notes, *dict.fromkeys(notes)]},
        metrics=_metrics(result, lanes),
        trades=trade_records(result),
        curve=EquityCurve(result.close_ms, result.equity),
    )
    shortest = next(run for run in runs if run.timeframe is request.timeframe)
    return BacktestRun(record, result, lanes, shortest.bars)


def _seen(request: BacktestRequest, run: StrategyRun) -> dict[InstrumentId, pd.DataFrame]:
    """The bars of the window and its warm-up, with the higher timeframes that the strategy wants to see."""
    bars = {}
    for instrument_id, frame in run.bars.items():
        # Before the cut: higher bars need what lies before the window, however long they are.
        whole = with_resampled(run.strategy, frame)
        bars[instrument_id] = windowed(whole, request.window, run.timeframe, run.strategy.warmup_bars)
        _require_bars(request, run, instrument_id, bars[instrument_id])
    return bars


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


def _lane(request: BacktestRequest, run: StrategyRun, instrument_id: InstrumentId, span: Span) -> Lane:
    """One strategy, timeframe and instrument as the engine takes them; signals outside the window are left out."""
    bars = run.bars[instrument_id]
    arrays = BarArrays.of(bars)
    signals = run.signals.get(instrument_id) or EntrySignals.of_strategy(
        run.strategy, bars, arrays, exits=run.config.exits.strategy_exits
    )
    signals = signals.chosen(in_window(bars, request.window)[signals.bar_index])
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


def _notes(request: BacktestRequest, lane: Lane, path: BarArrays | None) -> Iterator[str]:
    """What has to be said about the input of one lane."""
    given = GivenInput(lane.instrument_id, lane.given.bars, request.funding.get(lane.instrument_id), path)
    rate = lane.config.costs.funding_rate
    return input_notes(given, request.window, assumed_rate=rate, allow_jumps=request.allow_jumps)


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


def _params(
    request: BacktestRequest, runs: Sequence[StrategyRun], lanes: Sequence[Lane], path: Mapping[InstrumentId, BarArrays]
) -> Details:
    """Everything the run depends on; of several strategies and timeframes, what each has of its own by its name."""
    strategies = {run.strategy.name: run.strategy for run in runs}
    # where fees differ between instruments, the last one's stand here and everyone's under ``fees``
    configs = {lane.strategy: plain_config(lane.config) for lane in lanes}
    timeframes = sorted({run.timeframe for run in runs}, key=lambda timeframe: timeframe.ms)
    return {
        "strategy": "+".join(strategies),
        "strategy_version": "+".join(one.version for one in strategies.values()),
        "strategy_parameters": _only({name: asdict(one.parameters) for name, one in strategies.items()}),
        "instrument_ids": sorted({lane.instrument_id for lane in lanes}),
        "timeframe": "+".join(timeframes),
        "window": request.window.document(),
        "bars": _described_bars(runs, lanes),
        "path": {instrument_id: _path_described(bars) for instrument_id, bars in sorted(path.items())},
        "rules": asdict(request.rules) | {"line": request.rules.line()},
        "initial_capital": runs[0].config.initial_capital,
        "config": _only(configs),
        "steps": {instrument_id: asdict(steps) for instrument_id, steps in sorted(request.steps.items())},
        "fees": {instrument_id: dict(fees) for instrument_id, fees in sorted(request.fees.items())},
        "code_version": request.code_version,
    }


def _only(by_name: Mapping[str, object]) -> object:
    """The one value there is, or all by name."""
    return next(iter(by_name.values())) if len(by_name) == 1 else dict(by_name)


def _described_bars(runs: Sequence[StrategyRun], lanes: Sequence[Lane]) -> Details:
    """The bars by instrument, and by timeframe where there are several."""
    several = len({run.timeframe for run in runs}) > 1
    described = {}
    for lane in lanes:
        timeframe = lane.given.bars.timeframe
        described[f"{lane.instrument_id} {timeframe}" if several else lane.instrument_id] = _described(
            lane.given, timeframe
        )
    return dict(sorted(described.items()))


def _described(one: SymbolInput, timeframe: Timeframe) -> Details:
    """The bars of one instrument: how many, since when, how many are missing between, and their digest."""
    bars = one.bars
    opens = bars.open_time_ms
    described: Details = {
        "count": len(bars),
        "first_open": _iso(int(opens[0])),
        "last_close": _iso(int(bars.close_time_ms[-1])),
        "missing": int((opens[-1] - opens[0]) // timeframe.ms + 1 - len(bars)),
        "sha256": _digest_of(bars),
    }
    if bars.higher:
        described["higher_sha256"] = hashlib.sha256(
            b"".join(name.encode() + values.tobytes() for name, values in sorted(bars.higher.items()))
        ).hexdigest()
    if one.funding is not None:
        described["funding_sha256"] = hashlib.sha256(
            one.funding.time_ms.tobytes() + one.funding.rate.tobytes()
        ).hexdigest()
    return described


def _path_described(bars: BarArrays) -> Details:
    """The finest bars of one instrument."""
    return {"count": len(bars), "sha256": _digest_of(bars)}


def _digest_of(bars: BarArrays) -> str:
    columns = (bars.open_time_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _iso(milliseconds: int) -> str:
    return str(np.datetime64(milliseconds, "ms").astype("datetime64[s]")) + "Z"


def _digest(params: Details) -> str:
    """Sixteen hex digits that are equal for equal bars, rules and code."""
    # Sorted, so that equal parameters have one text whatever order they were given in.
    text = json.dumps(params, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
