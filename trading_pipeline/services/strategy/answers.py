"""What one strategy says about one window of bars, whatever it does instead of answering."""

import traceback
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.errors import DataError, StrategyFailed
from trading_pipeline.domain.model.missing_bars import bar_numbers, untraded
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import UNTRADED, Bias, Details, Signal, SignalKind, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import SIGNAL_COLUMNS
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.framework.signals_by_bar import signals_at
from trading_pipeline.services.strategy.time_limit import time_limit
from trading_pipeline.services.strategy.windows import DayWindow

ANSWER_LIMIT_S = 10.0
"""Seconds that a strategy may think about one day of one instrument; it takes milliseconds."""


class Answers(NamedTuple):
    """Where a strategy enters and leaves, and the structures behind its entries."""

    entries: list[Signal]
    exits: list[Signal]
    setups: list[Setup]


def answers_of(
    window: DayWindow, plan: StrategyConfig, timeframe: Timeframe, limit_s: float = ANSWER_LIMIT_S
) -> Answers:
    """Ask a strategy, and come back after ``limit_s`` seconds at the latest.

    :raises DataError: bars or an answer that no signal can be made of.
    :raises StrategyFailed: it raised anything else, or did not come to an end.
    """
    try:
        # Around all three: a strategy may come late in any of its answers.
        with time_limit(limit_s):
            entries, exits = signals_of(window, plan, timeframe)
            closes = pd.DatetimeIndex(window.bars["close_time"])
            setups = [setup for one in entries if (setup := plan.strategy.setup(one, closes)) is not None]
            return Answers(entries, exits, setups)
    except DataError:
        raise
    except TimeoutError as error:
        raise StrategyFailed(plan.strategy.name, f"no answer within {limit_s:g} s") from error
    except Exception as error:
        # a strategy is anybody's code, and the other ones have to be heard
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
        raise StrategyFailed(plan.strategy.name, f"{type(error).__name__} at {place}: {error}") from error


def signals_of(window: DayWindow, plan: StrategyConfig, timeframe: Timeframe) -> tuple[list[Signal], list[Signal]]:
    """Where one strategy enters and where it leaves, at the kept bars of one window; behind a hole it only leaves.

    :raises DataError: bars or an answer of the strategy that no signal can be made of.
    """
    signals, exits = signals_at(plan.strategy, window.bars, window.kept.to_numpy())
    return list(_entries(window, plan, timeframe, signals)), list(_exits(window, plan, timeframe, exits))


def _entries(window: DayWindow, plan: StrategyConfig, timeframe: Timeframe, found: pd.DataFrame) -> Iterator[Signal]:
    """The rows of ``signals`` at bars that may be entered at."""
    # in a wave there is one bar to keep, and mostly no signal at it
    if found.empty:
        return
    strategy = plan.strategy
    places = found["bar_index"].to_numpy(np.int64)
    opens = bar_numbers(window.bars["open_time"], timeframe) * timeframe.ms
    lacking = untraded(opens, timeframe.ms, strategy.warmup_bars)
    columns = {name: found[name].array for name in SIGNAL_COLUMNS}
    for row in np.flatnonzero(window.entered.to_numpy()[places]):
        values = {name: column[row] for name, column in columns.items()}
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
            details=_finite(values["details"]) | _resting(int(lacking[places[row]]), strategy.warmup_bars),
        )


def _exits(window: DayWindow, plan: StrategyConfig, timeframe: Timeframe, found: pd.DataFrame) -> Iterator[Signal]:
    """The rows of ``exits`` at kept bars; ``bias`` is the side that each closes."""
    if found.empty:
        return
    strategy = plan.strategy
    places = found["bar_index"].to_numpy(np.int64)
    for row in np.flatnonzero(window.kept.to_numpy()[places]):
        bias = Bias(str(found["bias"].iloc[row]))
        close_time = window.bars["close_time"].iloc[int(places[row])].to_pydatetime()
        yield Signal(
            signal_id=decision_key(strategy.name, window.instrument_id, timeframe, close_time, bias, SignalKind.EXIT),
            strategy=strategy.name,
            strategy_version=strategy.version,
            instrument_id=window.instrument_id,
            timeframe=timeframe,
            close_time=close_time,
            bias=bias,
            # An exit is at market; its price is told for people.
            entry_price=decimal_of(window.bars["close"].iloc[int(places[row])]),
            stop_price=None,
            score=Decimal(0),
            kind=SignalKind.EXIT,
        )


def decimal_of(value: float) -> Decimal:
    """The one seam from float64 back to money: ten significant digits, more than any venue's price has.

    :raises DataError: the value is not a number.
    """
    if not isfinite(value):
        raise DataError(f"a strategy answered {value} where a price or score belongs")
    return Decimal(f"{value:.10g}")


def _resting(lacking: int, warmup_bars: int) -> Details:
    """Says of a signal that it comes too soon after a hole; nothing where it does not."""
    if not lacking:
        return {}
    return {UNTRADED: f"{lacking} bars lack among the {warmup_bars} before it, which the strategy needs to warm up"}


def _finite(details: Details) -> Details:
    """Evidence without the numbers that are none; JSON has no word for them."""
    return {name: value for name, value in details.items() if not isinstance(value, float) or isfinite(value)}
