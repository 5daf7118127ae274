"""What a backtest depends on: strategies, bars, rules, costs and code, and the digest of them that names the run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.backtest_records import plain_config
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun


def provenance(
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
        "holes": request.holes.value,
        "path": {instrument_id: _path_described(bars) for instrument_id, bars in sorted(path.items())},
        "rules": asdict(request.rules) | {"line": request.rules.line()},
        "initial_capital": runs[0].config.initial_capital,
        "config": _only(configs),
        "steps": {instrument_id: asdict(steps) for instrument_id, steps in sorted(request.steps.items())},
        "fees": {instrument_id: dict(fees) for instrument_id, fees in sorted(request.fees.items())},
        "code_version": request.code_version,
    }


def run_id_of(params: Details) -> str:
    """Sixteen hex digits that are equal for equal bars, rules and code."""
    # Sorted, so that equal parameters have one text whatever order they were given in.
    text = json.dumps(params, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
