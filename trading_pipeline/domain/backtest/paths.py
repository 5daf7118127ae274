"""The path of one instrument: the finest bars there are, along which its prices are walked."""

from collections.abc import Sequence

import numpy as np

from trading_pipeline.domain.backtest.records import Integers
from trading_pipeline.domain.strategies.framework.arrays import BarArrays


def path_of(series: Sequence[BarArrays], fine: BarArrays | None) -> BarArrays:
    """The bars along which an instrument is walked; every bar of ``series`` closes with one of them.

    A bar whose finer bars do not cover it without a hole stands in for them, unless a shorter series
    decides at their closes: those stay, and where none of them closes with the longer bar, its close price
    is an instant of its own. Finer bars between the bars of a series are walked too, those before the first
    or after the last are not.

    :param series: the bars at whose closes something is decided, one per timeframe.
    :param fine: bars that are only walked.
    """
    ordered = sorted(series, key=lambda one: int(one.close_time_ms[0] - one.open_time_ms[0]))
    path, decided = (ordered[0], 1) if fine is None else (_within(fine, ordered), 0)
    for number in range(decided, len(ordered)):
        path = _refined(path, ordered[number], number > 0)
    return path


def _within(fine: BarArrays, series: Sequence[BarArrays]) -> BarArrays:
    """The finer bars from the first open to the last close of what is traded."""
    start = min(int(one.open_time_ms[0]) for one in series)
    end = max(int(one.close_time_ms[-1]) for one in series)
    return _chosen(fine, (fine.open_time_ms >= start) & (fine.close_time_ms <= end))


def covered_whole(bars: BarArrays, path: BarArrays) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which bars consist of path bars without a hole."""
    owner = np.searchsorted(bars.open_time_ms, path.open_time_ms, side="right") - 1
    inside = (owner >= 0) & (path.close_time_ms <= bars.close_time_ms[owner])
    length = np.where(inside, path.close_time_ms - path.open_time_ms, 0)
    # Path bars do not overlap, so their lengths add up to the bar's only where none is missing.
    covered = np.bincount(np.maximum(owner, 0), length, len(bars)) == bars.close_time_ms - bars.open_time_ms
    return np.asarray(covered)


def _refined(path: BarArrays, bars: BarArrays, keep: bool) -> BarArrays:
    """``bars`` with what the path knows of their inside; ``keep`` what it has of a bar it does not cover."""
    owner = np.searchsorted(bars.open_time_ms, path.open_time_ms, side="right") - 1
    inside = (owner >= 0) & (path.close_time_ms <= bars.close_time_ms[owner])
    covered = covered_whole(bars, path)
    # The ends of int64 stand for "no bar before" and "no bar behind".
    following = np.append(bars.open_time_ms, np.iinfo(np.int64).max)[owner + 1]
    before = np.where(owner < 0, np.iinfo(np.int64).min, bars.close_time_ms[owner])
    between = (path.open_time_ms >= before) & (path.close_time_ms <= following)
    if keep:
        touched = np.bincount(owner[inside], minlength=len(bars)) > 0
        ended = np.isin(bars.close_time_ms, path.close_time_ms)
        pieces = [_chosen(path, inside | between), _chosen(bars, ~touched), _points(bars, touched & ~ended)]
    else:
        pieces = [_chosen(path, (inside & covered[owner]) | between), _chosen(bars, ~covered)]
    return _merged([one for one in pieces if len(one)])


def _points(bars: BarArrays, chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> BarArrays:
    """The closes of some bars as instants, at which a price is known and nothing before it."""
    close_ms, close = bars.close_time_ms[chosen], bars.close[chosen]
    return BarArrays(close_ms, close_ms, close, close, close, close, np.zeros(len(close)))


def _chosen(bars: BarArrays, kept: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> BarArrays:
    """Some of the bars; the same object where it is all of them."""
    return bars if kept.all() else _taken(bars, np.flatnonzero(kept))


def _merged(pieces: Sequence[BarArrays]) -> BarArrays:
    """All bars in the order of time; the same object where there is one piece."""
    if len(pieces) == 1:
        return pieces[0]
    joined = BarArrays(
        np.concatenate([one.open_time_ms for one in pieces]),
        np.concatenate([one.close_time_ms for one in pieces]),
        np.concatenate([one.open for one in pieces]),
        np.concatenate([one.high for one in pieces]),
        np.concatenate([one.low for one in pieces]),
        np.concatenate([one.close for one in pieces]),
        np.concatenate([one.volume for one in pieces]),
    )
    return _taken(joined, np.argsort(joined.close_time_ms, kind="stable"))


def _taken(bars: BarArrays, places: Integers) -> BarArrays:
    """The bars at some places."""
    return BarArrays(
        bars.open_time_ms[places],
        bars.close_time_ms[places],
        bars.open[places],
        bars.high[places],
        bars.low[places],
        bars.close[places],
        bars.volume[places],
    )
