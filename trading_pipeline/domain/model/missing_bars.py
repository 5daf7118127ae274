"""What lacks in a row of bars, counted in bars since the epoch.

Apart from ``holes`` because numpy and pandas cost a process that only hears bars 70 MB.
"""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe

Integers = npt.NDArray[np.int64]


def bar_number(instant: datetime, timeframe: Timeframe) -> int:
    """Bars between the epoch and ``instant`` (UTC)."""
    return (instant - EPOCH) // timeframe.duration


def bar_numbers(open_times: "pd.Series[pd.Timestamp]", timeframe: Timeframe) -> Integers:
    """Bars between the epoch and each open time (UTC)."""
    # numpy has no time zones; the instants are UTC before and after.
    opens = open_times.dt.tz_localize(None).to_numpy("datetime64[ms]").astype(np.int64)
    return opens // timeframe.ms


def lost_numbers(outages: Iterable[Outage], timeframe: Timeframe) -> Integers:
    """Numbers of all bars of some outages, which are ascending."""
    ranges = ((bar_number(one.first_open, timeframe), bar_number(one.end, timeframe)) for one in outages)
    return np.concatenate([np.empty(0, np.int64), *(np.arange(*ends) for ends in ranges)])


def missing_since(numbers: Integers, begin: "int | Integers", absent: Integers) -> Integers:
    """How many bars lack between a beginning and each bar, beside those that are known to be absent.

    :param numbers: of the bars that exist, in bars since the epoch, ascending.
    :param begin: number of the first bar that ought to be there, one for all or one per bar.
    :param absent: numbers of bars that nobody can have, ascending, none of them among ``numbers``.
    """
    due = numbers - begin - (np.searchsorted(absent, numbers) - np.searchsorted(absent, begin))
    there: Integers = np.arange(len(numbers)) - np.searchsorted(numbers, begin)
    lacking: Integers = due - there
    return lacking


def untraded(open_ms: Integers, step_ms: int, warmup_bars: int) -> Integers:
    """For each bar, how many bars lack in the hole that its strategy still has to warm up from; 0 where in none.

    The first bars after a hole rest, as many as the strategy needs before its first signal: until then its
    averages lean on prices from before, which are further back than they say. The first bar there is follows no hole.

    :param open_ms: open times of the bars that exist, UTC milliseconds, ascending, shape ``(n,)``.
    :param step_ms: length of a bar in milliseconds.
    """
    lacking = np.diff(open_ms, prepend=open_ms[:1] - step_ms) // step_ms - 1
    places = np.arange(len(open_ms))
    # Place of the newest bar that follows a hole; -1 before the first.
    after = np.maximum.accumulate(np.where(lacking > 0, places, -1)) if len(places) else places
    resting = (after >= 0) & (places - after < warmup_bars)
    return np.where(resting, lacking[after], 0)
