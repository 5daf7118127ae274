"""Several timeframes of one instrument beside each other, aligned on one base or each on its own."""

from collections.abc import Callable, Sequence

from trading_pipeline.domain.model.candles import (
    Candle,
    base_needed,
    interval_named,
    interval_seconds,
    resampled,
    timeframe_of_interval,
)
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.working_set import KEPT, WorkingSet

MOST_BASE_CANDLES = 50_000
MOST_INTERVALS = 12
"""Of one question: each goes through as many candles as memory or the database gives."""
Stored = Callable[[InstrumentId, Timeframe, int], Sequence[Candle]]
"""The newest so many stored candles of an instrument and timeframe, ascending."""


def multi_timeframe(
    working_set: WorkingSet,
    instrument_id: InstrumentId,
    intervals: Sequence[str],
    *,
    base: str = "",
    aligned: bool = True,
    load_limit: int = 1000,
    stored: Stored = lambda *_: (),
) -> dict[str, list[Candle]]:
    """Candles by interval as it was asked for, at most ``KEPT`` each.

    :param base: the interval that the others are made of when ``aligned``; else the shortest asked for.
    :param stored: where more base candles come from than memory holds.
    :raises ConfigurationError: no interval or too many, none that there is, or one that cannot be made of the base.
    """
    if not intervals:
        raise ConfigurationError("intervals is empty; ask for some, like 1,15,60")
    if len(intervals) > MOST_INTERVALS:
        raise ConfigurationError(f"{len(intervals)} intervals; ask for at most {MOST_INTERVALS} at once")
    named = {text: interval_named(text) for text in intervals}
    if not aligned:
        return {text: _raw(working_set, instrument_id, interval, load_limit) for text, interval in named.items()}
    shortest = interval_named(base) if base else min(named.values(), key=interval_seconds)
    timeframe = published_timeframe(shortest)
    # refused before anything is loaded
    for interval in named.values():
        resampled([], shortest, interval)
    held = working_set.candles(instrument_id, timeframe, load_limit)
    wanted = {text: min(base_needed(shortest, interval, KEPT), MOST_BASE_CANDLES) for text, interval in named.items()}
    # Read once, as deep as the longest of them looks back.
    deepest = max(wanted.values())
    candles = _joined(stored(instrument_id, timeframe, deepest) if deepest > len(held) else (), held)
    return {text: resampled(candles[-wanted[text] :], shortest, interval)[-KEPT:] for text, interval in named.items()}


def _raw(working_set: WorkingSet, instrument_id: InstrumentId, interval: str, load_limit: int) -> list[Candle]:
    """The working set of one interval, or nothing where it fails: the others are shown all the same."""
    try:
        return working_set.candles(instrument_id, published_timeframe(interval), load_limit)
    except TradingError:
        return []


def published_timeframe(interval: str) -> Timeframe:
    """The timeframe of an interval that ``interval_named`` gave.

    :raises ConfigurationError: there is none of its length.
    """
    timeframe = timeframe_of_interval(interval)
    if timeframe is None:
        raise ConfigurationError(f"no bars of {interval} are kept; give a base that they can be made of")
    return timeframe


def _joined(stored: Sequence[Candle], held: Sequence[Candle]) -> list[Candle]:
    """Stored candles, and those in memory from where they begin."""
    if not held:
        return list(stored)
    return [*(candle for candle in stored if candle.time < held[0].time), *held]
