"""Backtest one strategy over the bars of some symbols with one account."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from trading_pipeline.domain.analysis.metrics import metrics_of
from trading_pipeline.domain.backtest import engine
from trading_pipeline.domain.backtest.config import BacktestConfig, ExitTarget
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, Steps, SymbolInput
from trading_pipeline.domain.indicators.momentum import macd
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline.domain.strategies.base import Strategy
from trading_pipeline.domain.strategies.higher_timeframes import with_resampled
from trading_pipeline.ports.backtest_store import EquityCurve, RunRecord
from trading_pipeline.services.backtest_records import plain_config, trade_records
from trading_pipeline.services.input_notes import input_notes
from trading_pipeline.services.research_window import Window, in_window, windowed


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to run.

    :param bars: frames with ``BAR_COLUMNS`` by symbol; they may begin before the window, for the warm-up.
        Higher timeframes are made of all of them.
    :param window: entries are taken at bars inside it, and figures are about it alone.
    :param fine_bars: finer bars by symbol, for the walk inside a bar.
    :param code_version: of what turns bars into trades; part of the run's identity.
    :param allow_jumps: take prices that jump as no market does, and name them in ``params["notes"]``.
    :param notes: what was said when the bars were read; likewise.
    :param run_id: a name for the run; derived from everything else when empty.
    """

    strategy: Strategy
    timeframe: Timeframe
    bars: Mapping[str, pd.DataFrame]
    config: BacktestConfig
    code_version: str
    window: Window = field(default_factory=Window)
    steps: Steps = field(default_factory=Steps)
    funding: Mapping[str, Funding] = field(default_factory=dict)
    fine_bars: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    allow_jumps: bool = False
    notes: tuple[str, ...] = ()
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class BacktestRun:
    """A finished run: what is kept of it, and the engine's own result.

    :param bars: the bars it saw by symbol, warm-up included.
    """

    record: RunRecord
    result: BacktestResult
    bars: Mapping[str, pd.DataFrame]


def run_backtest(request: BacktestRequest) -> BacktestRun:
    """Signals, trades, figures.

    :raises ConfigurationError: rules that do not fit together or lack their data.
    :raises DataError: bars that no decision may be taken from, too few of them, or funding of another time.
    """
    warmup = request.strategy.warmup_bars
    bars = {
        symbol: windowed(with_resampled(request.strategy, frame), request.window, request.timeframe, warmup)
        for symbol, frame in request.bars.items()
    }
    for symbol, frame in bars.items():
        _require_bars(request, symbol, frame)
    inputs = {symbol: _input(request, symbol, frame) for symbol, frame in bars.items()}
    notes = [note for symbol, one in sorted(inputs.items()) for note in _notes(request, symbol, one)]
    result = _inside(engine.run_backtest(request.config, inputs), request.window)
    params = _params(request, inputs)
    run_id = request.run_id or _digest(params)
    record = RunRecord(
        run_id=run_id,
        params=params | {"notes": [*request.notes, *notes]},
        metrics=_metrics(request, result, inputs),
        trades=trade_records(result),
        curve=EquityCurve(result.close_ms, result.equity),
    )
    return BacktestRun(record, result, bars)


def _require_bars(request: BacktestRequest, symbol: str, bars: pd.DataFrame) -> None:
    """Refuse a window in which nothing could happen."""
    try:
        request.strategy.require_warmup(bars)
    except DataError as error:
        raise DataError(f"{symbol} {request.timeframe}: {error}") from error
    if int(in_window(bars, request.window).sum()) < 2:
        raise DataError(
            f"{symbol} {request.timeframe}: fewer than two bars {request.window}; ask for what the bars cover"
        )


def _input(request: BacktestRequest, symbol: str, bars: pd.DataFrame) -> SymbolInput:
    """One symbol as the engine takes it; entries and exits outside the window are left out."""
    arrays = BarArrays.of(bars)
    inside = in_window(bars, request.window)
    signals = EntrySignals.of_strategy(request.strategy, bars, arrays)
    signals = signals.chosen(inside[signals.bar_index])
    fine = request.fine_bars.get(symbol)
    return SymbolInput(
        bars=arrays,
        signals=signals,
        steps=request.steps,
        momentum=macd(arrays.close, 12, 26, 9)[2] if request.config.exits.next_bar_exit else None,
        funding=request.funding.get(symbol),
        fine_bars=None if fine is None else BarArrays.of(fine),
    )


def _notes(request: BacktestRequest, symbol: str, one: SymbolInput) -> Iterator[str]:
    """What has to be said about one symbol's input."""
    return input_notes(symbol, one, request.timeframe, request.window, allow_jumps=request.allow_jumps)


def _inside(result: BacktestResult, window: Window) -> BacktestResult:
    """The result without the waves of the warm-up, in which nothing was traded."""
    if window.start is None:
        return result
    first = int(np.searchsorted(result.close_ms, window.start_ms, side="right"))
    return replace(result, close_ms=result.close_ms[first:], equity=result.equity[first:])


def _metrics(
    request: BacktestRequest, result: BacktestResult, inputs: Mapping[str, SymbolInput]
) -> dict[str, float | None]:
    """Every figure, and under ``signals_<fate>`` how many signals met which fate.

    Holding is compared with where there is one symbol to hold.
    """
    closes = [one.bars.close[-len(result.close_ms) :] for one in inputs.values()]
    figures = metrics_of(result, request.timeframe.ms, closes[0] if len(closes) == 1 else None)
    counts = {f"signals_{fate}": float(count) for fate, count in result.outcome_counts().items()}
    numbers = figures | {"signals": float(len(result.outcomes))} | counts
    return {name: float(value) if np.isfinite(value) else None for name, value in numbers.items()}


def _params(request: BacktestRequest, inputs: Mapping[str, SymbolInput]) -> Details:
    """Everything the run depends on."""
    return {
        "strategy": request.strategy.name,
        "strategy_version": request.strategy.version,
        "strategy_parameters": asdict(request.strategy.parameters),
        "symbols": sorted(inputs),
        "timeframe": request.timeframe.value,
        "window": request.window.document(),
        "bars": {symbol: _described(one, request.timeframe) for symbol, one in sorted(inputs.items())},
        "config": plain_config(request.config),
        "steps": asdict(request.steps),
        "code_version": request.code_version,
    }


def _described(one: SymbolInput, timeframe: Timeframe) -> Details:
    """The bars of one symbol: how many, since when, how many are missing between, and their digest."""
    bars = one.bars
    opens = bars.open_time_ms
    digest = hashlib.sha256()
    for column in (opens, bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(np.ascontiguousarray(column).tobytes())
    described: Details = {
        "count": len(bars),
        "first_open": _iso(int(opens[0])),
        "last_close": _iso(int(bars.close_time_ms[-1])),
        "missing": int((opens[-1] - opens[0]) // timeframe.ms + 1 - len(bars)),
        "sha256": digest.hexdigest(),
    }
    if bars.higher:
        described["higher_sha256"] = hashlib.sha256(
            b"".join(name.encode() + values.tobytes() for name, values in sorted(bars.higher.items()))
        ).hexdigest()
    if one.funding is not None:
        described["funding_sha256"] = hashlib.sha256(
            one.funding.time_ms.tobytes() + one.funding.rate.tobytes()
        ).hexdigest()
    if one.fine_bars is not None:
        fine = one.fine_bars
        described["fine_bars"] = len(fine)
        described["fine_sha256"] = hashlib.sha256(
            b"".join(column.tobytes() for column in (fine.open_time_ms, fine.open, fine.high, fine.low, fine.close))
        ).hexdigest()
    return described


def _iso(milliseconds: int) -> str:
    return str(np.datetime64(milliseconds, "ms").astype("datetime64[s]")) + "Z"


def _digest(params: Details) -> str:
    """Sixteen hex digits that are equal for equal bars, rules and code."""
    text = json.dumps(params, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def default_config(strategy: Strategy) -> BacktestConfig:
    """The rules of a run that says nothing else: those the strategy was specified with, or the live lifecycle."""
    config, rules = BacktestConfig(), strategy.trade_rules
    values: dict[str, object] = {
        "next_bar_exit": rules.next_bar_exit,
        "max_layers": rules.entry_levels,
        "entry_expiry_bars": rules.entry_valid_bars,
    }
    if rules.targets:
        targets = tuple(ExitTarget(*target) for target in rules.targets)
        last = min(len(targets), config.exits.trail_after_targets)
        values |= {"targets": targets, "trail": None, "trail_after_targets": last}
    return config.with_values(values)
