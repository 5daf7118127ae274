"""Bars that nobody can have: what the venue never had, and how much of what follows is not traded.

One policy says what becomes of outages, of bars that cannot have been, and of the time before a listing. Computed
over, they are simply not there: nothing is invented, and windows run over the bars that exist. See
docs/decisions/0077.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe

Integers = npt.NDArray[np.int64]

SETTLED = timedelta(minutes=1)
"""Younger than this a bar that is absent is late; a venue may close a bar some seconds after its end."""


class HolePolicy(StrEnum):
    """What a confirmed hole means for the bars after it.

    ``COMPUTE_OVER``: they are sound; as many of them as a strategy needs to warm up are not traded.
    ``REFUSE``: none is sound for as long as the hole lies in its window of 1,700 bars.
    """

    COMPUTE_OVER = "compute_over"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class HoleRules:
    """The policy, and when the venue's silence counts.

    :param ask_again_after: venue time between the two questions that make an outage.
    """

    policy: HolePolicy = HolePolicy.COMPUTE_OVER
    ask_again_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Outage:
    """Bars in a row that the venue was asked for twice and does not have.

    :param first_open: open time (UTC) of the first of them; ``end`` the close of the last.
    :param asked_at: venue time of the first question, ``asked_again_at`` of the second; of several bars the latest.
    :param answer: what the venue said, for people.
    """

    instrument_id: InstrumentId
    first_open: datetime
    end: datetime
    asked_at: datetime
    asked_again_at: datetime
    answer: str

    def holds(self, open_time: datetime) -> bool:
        """Whether the bar that opens at an instant (UTC) is one of them."""
        return self.first_open <= open_time < self.end


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
