"""Run the strategies over whole days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Bias, Details, Signal, SignalKind, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import SIGNAL_COLUMNS
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline.services.strategy.strategy_frames import StrategyFrames
from trading_pipeline.services.strategy.windows import DayWindow, day_windows, unsound_instruments


@dataclass(frozen=True, slots=True)
class SignalReport:
    """What the strategies said.

    :param entries: signals found to enter, ``exits`` to leave.
    :param changed: rows written or removed; 0 on a rerun.
    :param unsound: instruments some of whose bars were left out.
    :param refused: instrument and reason where a strategy could not work with the bars.
    """

    entries: int
    exits: int
    changed: int
    unsound: tuple[str, ...]
    refused: tuple[str, ...]


def generate_signals(
    bars: BarStore,
    checks: CheckStore,
    signals: SignalStore,
    strategies: Sequence[StrategyConfig],
    scope: PartitionRange,
    now: datetime,
    books: BookEvidence | None = None,
    *,
    live: bool = False,
) -> SignalReport:
    """Store what every strategy says at the sound bars that ``scope`` computes: where it enters and where it leaves.

    An instrument whose bars a strategy refuses is reported and does not stop the others; without ``books`` a
    strategy that needs them refuses.

    :param live: whether a wave asks; what a backfill finds reaches no order.
    """
    found: list[Signal] = []
    setups: list[Setup] = []
    refused = []
    frames = StrategyFrames(bars, scope, now)
    for window in day_windows(bars, checks, scope, now):
        for plan in strategies:
            if plan.covers(window.instrument_id, scope.timeframe):
                try:
                    ready, seen = (plan, window) if books is None else books.given(plan, window)
                    seen = frames.window_of(seen, ready.strategy)
                    entries = list(signals_of(seen, ready, scope.timeframe))
                    exits = list(exits_of(seen, ready, scope.timeframe))
                    setups += _setups(window, plan, entries)
                    found += [*entries, *exits]
                except DataError as error:
                    refused.append(f"{window.instrument_id} {plan.strategy.name}: {error}")
    changed = 0
    for part in scope.parts:
        mine = [one for one in found if one.instrument_id in part.instrument_ids]
        behind = [one for one in setups if one.instrument_id in part.instrument_ids]
        changed += signals.replace(mine, part.instrument_ids, scope.timeframe, part.start, scope.end, behind, live=live)
    leaving = sum(signal.kind is SignalKind.EXIT for signal in found)
    return SignalReport(len(found) - leaving, leaving, changed, unsound_instruments(checks, scope), tuple(refused))


def signals_of(window: DayWindow, plan: StrategyConfig, timeframe: Timeframe) -> Iterator[Signal]:
    """Where one strategy enters, at the kept bars of one window.

    :raises DataError: bars or an answer of the strategy that no signal can be made of.
    """
    strategy = plan.strategy
    found = strategy.signals(window.bars)
    places = found["bar_index"].to_numpy(np.int64)
    for row in np.flatnonzero(window.kept.to_numpy()[places]):
        values = {name: found[name].iloc[row] for name in SIGNAL_COLUMNS}
        close_time = window.bars["close_time"].iloc[int(places[row])].to_pydatetime()
        bias = Bias(str(values["bias"]))
        yield Signal(
            signal_id=decision_key(strategy.name, window.instrument_id, timeframe, close_time, bias),
            strategy=strategy.name,
            strategy_version=strategy.version,
            instrument_id=window.instrument_id,
            timeframe=timeframe,
            close_time=close_time,
            bias=bias,
            entry_price=decimal_of(values["entry_price"]),
            stop_price=decimal_of(values["stop_price"]),
            score=decimal_of(values["score"]),
            details=_finite(values["details"]),
        )


def exits_of(window: DayWindow, plan: StrategyConfig, timeframe: Timeframe) -> Iterator[Signal]:
    """Where one strategy leaves, at the kept bars of one window; ``bias`` is the side that it closes.

    :raises DataError: bars or an answer of the strategy that no signal can be made of.
    """
    strategy = plan.strategy
    found = strategy.exits(window.bars)
    places = found["bar_index"].to_numpy(np.int64)
    for row in np.flatnonzero(window.kept.to_numpy()[places]):
        bar, bias = window.bars.iloc[int(places[row])], Bias(str(found["bias"].iloc[row]))
        close_time = bar["close_time"].to_pydatetime()
        yield Signal(
            signal_id=decision_key(strategy.name, window.instrument_id, timeframe, close_time, bias, SignalKind.EXIT),
            strategy=strategy.name,
            strategy_version=strategy.version,
            instrument_id=window.instrument_id,
            timeframe=timeframe,
            close_time=close_time,
            bias=bias,
            # An exit is at market; its price is told for people.
            entry_price=decimal_of(bar["close"]),
            stop_price=None,
            score=Decimal(0),
            kind=SignalKind.EXIT,
        )


def _setups(window: DayWindow, plan: StrategyConfig, signals: Sequence[Signal]) -> list[Setup]:
    """The structures behind signals, of a strategy that sees them."""
    closes = pd.DatetimeIndex(window.bars["close_time"])
    setups = (plan.strategy.setup(signal, closes) for signal in signals)
    return [setup for setup in setups if setup is not None]


def decimal_of(value: float) -> Decimal:
    """The one seam from float64 back to money: ten significant digits, more than any venue's price has.

    :raises DataError: the value is not a number.
    """
    if not isfinite(value):
        raise DataError(f"a strategy answered {value} where a price or score belongs")
    return Decimal(f"{value:.10g}")


def _finite(details: Details) -> Details:
    """Evidence without the numbers that are none; JSON has no word for them."""
    return {name: value for name, value in details.items() if not isinstance(value, float) or isfinite(value)}
