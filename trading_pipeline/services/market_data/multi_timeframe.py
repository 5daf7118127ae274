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
    :raises ConfigurationError: no interval, none that there is, or one that cannot be made of the base.
    """
    if not intervals:
        raise ConfigurationError("intervals is empty; ask for some, like 1,15,60")
    named = {text: interval_named(text) for text in intervals}
    if not aligned:
        return {text: _raw(working_set, instrument_id, interval, load_limit) for text, interval in named.items()}
    shortest = interval_named(base) if base else min(named.values(), key=interval_seconds)
    timeframe = published_timeframe(shortest)
    # refused before anything is loaded
    for interval in named.values():
        resampled([], shortest, interval)
    held = working_set.candles(instrument_id, timeframe, load_limit)
    views = {}
    for text, interval in named.items():
        wanted = min(base_needed(shortest, interval, KEPT), MOST_BASE_CANDLES)
        deeper = stored(instrument_id, timeframe, wanted) if wanted > len(held) else ()
        views[text] = resampled(_joined(deeper, held)[-wanted:], shortest, interval)[-KEPT:]
    return views


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
