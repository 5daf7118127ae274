"""Finer bars for the walk inside a bar."""

import numpy as np

from trading_pipeline.domain.backtest.records import Floats, Integers
from trading_pipeline.domain.strategies.arrays import BarArrays

Pairs = list[tuple[BarArrays, BarArrays | None]]


def fine_prices(pairs: Pairs) -> tuple[Integers, list[Floats]]:
    """Where each bar's finer bars begin (and the end), and their open, high, low, close, end to end.

    A bar whose finer bars do not cover it without a hole gets none, and is walked by its own four
    prices. Without any finer bars all arrays are empty.

    :param pairs: per symbol its bars and its finer bars, if it has some.
    """
    if all(fine is None for _, fine in pairs):
        return np.empty(0, np.int64), [np.empty(0)] * 4
    counts: list[Integers] = []
    columns: list[list[Floats]] = [[], [], [], []]
    for bars, fine in pairs:
        if fine is None:
            counts.append(np.zeros(len(bars), np.int64))
            continue
        owner, kept = _owners(bars, fine)
        counts.append(np.bincount(owner[kept], minlength=len(bars)))
        for column, name in zip(columns, ("open", "high", "low", "close"), strict=True):
            column.append(getattr(fine, name)[kept])
    first = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return first, [np.concatenate(column) for column in columns]


def _owners(bars: BarArrays, fine: BarArrays) -> tuple[Integers, Integers]:
    """The bar that contains each finer bar, and which finer bars lie in a bar they cover whole."""
    owner = np.searchsorted(bars.open_time_ms, fine.open_time_ms, side="right") - 1
    inside = (owner >= 0) & (fine.close_time_ms <= bars.close_time_ms[owner])
    covered = np.bincount(owner[inside], (fine.close_time_ms - fine.open_time_ms)[inside], len(bars))
    whole = covered == bars.close_time_ms - bars.open_time_ms
    return owner, np.flatnonzero(inside & whole[owner])
