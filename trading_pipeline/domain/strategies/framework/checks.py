"""Questions every strategy has to survive before its backtest means anything.

Look-ahead: is everything that is said with all bars said without the future too? Repaint: does a signal, once
given, stay as the bars go on? Recursive warm-up: does a signal depend on where the bars start? Each answer names
the bar and the column that differ, and the first two say after how many bars the future was cut off.

Higher timeframes are made of the bars that are left, so that their join is asked too. Where bars start
later the higher ones do not: in the pipeline they have an anchor of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.differences import Difference, Unlike, unlike
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.domain.strategies.framework.signals_by_bar import (
    SignalsByBar,
    decides_in_arrays,
    signals_of_all_bars,
    signals_of_parts,
)

WARMUP_BARS = 1_700
"""Bars after which no recursion may still show where it began, as the pipeline anchors it."""

QUIET_BARS, QUIET_BARS_IN_FRAMES = 10_000, 1_000
"""Bars at which nothing is said that are asked unless a number is given: a signal that is withdrawn later leaves no
trace. Fewer of a strategy that has to be shown frames, which takes ten times as long."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Bars after which the future is cut off, and of how many.

    :param ends: ascending.
    :param eventful: how many of them have a signal or an exit.
    """

    ends: list[int]
    eventful: int
    all_eventful: int
    all_bars: int

    @classmethod
    def of(cls, strategy: Strategy, bar_count: int, places: set[int], samples: int | None) -> "Cuts":
        """Cuts of so many bars at which a strategy says something, ``places``, and of others after its warm-up.

        :param samples: most of either kind. ``None`` asks at all the places, and at ``QUIET_BARS`` others.
        """
        quiet = QUIET_BARS if decides_in_arrays(strategy) else QUIET_BARS_IN_FRAMES
        most = (bar_count, quiet) if samples is None else (samples, samples)
        return cls.among(range(strategy.warmup_bars - 1, bar_count), places, most)

    @classmethod
    def among(cls, bars: range, places: set[int], most: tuple[int, int]) -> "Cuts":
        """Cuts at some bars, ``places``, and at others among ``bars``.

        :param most: of either kind; fewer than there are lie spread evenly over them.
        """
        quiet = sorted(set(bars) - places)
        eventful, others = _spread(sorted(places), most[0]), _spread(quiet, most[1])
        return cls(sorted(eventful + others), len(eventful), len(places), len(places) + len(quiet))

    def __str__(self) -> str:
        others, all_others = len(self.ends) - self.eventful, self.all_bars - self.all_eventful
        sample = "a sample of " if len(self.ends) < self.all_bars else ""
        return (
            f"{sample}{len(self.ends)} of {self.all_bars} bars: {self.eventful} of {self.all_eventful} with a signal "
            f"or an exit, {others} of {all_others} others"
        )


@dataclass(frozen=True, slots=True)
class WithoutFuture:
    """What became of a strategy's words where the future was cut off.

    :param look_ahead: what all bars say and the bars until then do not, or otherwise.
    :param repaint: what the bars until then say and all bars do not any more, or otherwise.
    """

    cuts: Cuts
    look_ahead: list[Difference]
    repaint: list[Difference]


def without_future(strategy: Strategy, bars: pd.DataFrame, samples: int | None = None) -> WithoutFuture:
    """Cut the future off after bars and compare what is said until then with what all bars say.

    :param samples: as of ``Cuts.of``.
    :raises DataError: fewer bars than the strategy's warm-up.
    """
    strategy.require_warmup(bars)
    whole, of_part, span = signals_of_all_bars(strategy, bars), signals_of_parts(strategy, bars), _span(strategy, bars)
    cuts = Cuts.of(strategy, len(bars), whole.places(), samples)
    found: list[Unlike] = []
    for before, end in zip([-1, *cuts.ends], cuts.ends, strict=False):
        found += _unlike_until(of_part, whole, range(before + 1, end + 1), span)
    return WithoutFuture(
        cuts,
        [each.told("look_ahead", bars) for each in found if each.expected is not None],
        [each.told("repaint", bars) for each in found if each.found is not None],
    )


def look_ahead(strategy: Strategy, bars: pd.DataFrame, samples: int | None = None) -> list[Difference]:
    """The look-ahead that ``without_future`` finds."""
    return without_future(strategy, bars, samples).look_ahead


def repaint(strategy: Strategy, bars: pd.DataFrame, samples: int | None = None) -> list[Difference]:
    """The repainting that ``without_future`` finds."""
    return without_future(strategy, bars, samples).repaint


def recursive_warmup(
    strategy: Strategy, bars: pd.DataFrame, warmup: int = WARMUP_BARS, samples: int = 5
) -> list[Difference]:
    """Start the bars later and compare what is said ``warmup`` bars after the new start.

    :param samples: later starts, spread evenly over those there are.
    :raises DataError: the bars are not longer than ``warmup`` by at least one bar.
    """
    if len(bars) <= warmup + 1:
        raise DataError(f"{len(bars)} bars: need more than {warmup + 1} to start later and still have {warmup} before")
    strategy.require_warmup(bars)
    whole, framed = signals_of_all_bars(strategy, bars), with_resampled(strategy, bars)
    # Several late starts may find the same cell; it is told once.
    found: dict[tuple[int, str], Difference] = {}
    for start in _spread(list(range(1, len(bars) - warmup)), samples):
        late = framed.iloc[start:].reset_index(drop=True)
        found_late = SignalsByBar.of(strategy.signals(late), strategy.exits(late), first=start)
        for each in unlike(whole, found_late, range(start + warmup, len(bars))):
            found.setdefault((each.bar_index, each.column), each.told("recursive_warmup", bars))
    return [found[key] for key in sorted(found)]


def _spread(places: list[int], count: int) -> list[int]:
    """So many of the places, spread evenly over them."""
    if count >= len(places):
        return places
    # Spread over all of them and not at random, so that an answer repeats.
    return [places[at] for at in np.linspace(0, len(places) - 1, count).astype(int)]


def _span(strategy: Strategy, bars: pd.DataFrame) -> int:
    """Bars that decide about a bar: as many as in the pipeline, of the longest timeframe the strategy looks at."""
    span = WARMUP_BARS + strategy.warmup_bars
    if not strategy.higher_timeframes:
        return span
    own = BarArrays.of(bars).timeframe.ms
    # A higher bar holds many of the bars that are cut, and as many of its own decide about it.
    return span * max(1, *(higher.ms // own for higher in strategy.higher_timeframes))


def _unlike_until(
    of_part: Callable[[range, int], SignalsByBar], whole: SignalsByBar, rows: range, span: int
) -> list[Unlike]:
    """Where the bars until the last of ``rows`` say something else about these rows than all bars.

    The last ``span`` of them are asked first: what they say too is said without the future. Where they do not,
    which may be because they begin late, all bars until then have the last word.
    """
    first = rows.start + 1 - span
    if first > 0 and _agrees(of_part, whole, rows, first):
        return []
    return list(unlike(whole, of_part(range(rows.stop), rows.start), rows))


def _agrees(of_part: Callable[[range, int], SignalsByBar], whole: SignalsByBar, rows: range, first: int) -> bool:
    """Whether bars from ``first`` on say about the rows what all bars do."""
    try:
        part = of_part(range(first, rows.stop), rows.start)
    except DataError:  # a strategy may refuse some bars for what they lack, such as any volume
        return False
    return not any(unlike(whole, part, rows))
