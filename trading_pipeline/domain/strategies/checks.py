"""Questions every strategy has to survive before its backtest means anything.

Look-ahead: does a signal change when the future is cut off? Repaint: does a signal, once given, stay as
the bars go on? Recursive warm-up: does a signal depend on where the bars start? Each answer names the
bar and the column that differ.

Higher timeframes are made of the bars that are left, so that their join is asked too. Where bars start
later the higher ones do not: in the pipeline they have an anchor of their own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.strategies.base import SIGNAL_COLUMNS, Strategy
from trading_pipeline.domain.strategies.higher_timeframes import with_resampled

WARMUP_BARS = 1_700
"""Bars after which no recursion may still show where it began, as the pipeline anchors it."""

_INDEX_KEYS = ("index", "bar_index")


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that should have been the same.

    :param check: ``look_ahead``, ``repaint`` or ``recursive_warmup``.
    :param bar_index: bar of the signal in the whole frame.
    :param close_time: its closing instant.
    :param column: the signal's column, or ``signal`` when it exists on one side only.
    :param expected: from all bars, as text.
    :param found: from the part of the bars, as text.
    """

    check: str
    bar_index: int
    close_time: pd.Timestamp
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.check}: bar {self.bar_index} ({self.close_time.isoformat()}), column {self.column}: "
            f"{self.expected} with all bars, {self.found} without"
        )


def look_ahead(strategy: Strategy, bars: pd.DataFrame, samples: int = 20) -> list[Difference]:
    """Cut the future off after bars with a signal or an exit, and after others, and compare what they say.

    :param samples: cuts, spread evenly over the signals and over the bars.
    :raises DataError: fewer bars than the strategy's warm-up.
    """
    whole, exits = _signals(strategy, bars), strategy.exits(with_resampled(strategy, bars))
    found: list[Difference] = []
    for end in _cuts(strategy, bars, pd.concat([whole[["bar_index"]], exits[["bar_index"]]]), samples):
        cut = with_resampled(strategy, bars.iloc[: end + 1])
        found += _compared("look_ahead", bars, _at(whole, end), _at(strategy.signals(cut), end))
        found += _compared_exits(bars, _at(exits, end), _at(strategy.exits(cut), end), end)
    return found


def repaint(strategy: Strategy, bars: pd.DataFrame, samples: int = 20) -> list[Difference]:
    """Cut the bars at several places and compare all signals given until then with the final ones.

    A signal that is withdrawn, moved or rewritten by later bars is a repaint.

    :raises DataError: fewer bars than the strategy's warm-up.
    """
    whole = _signals(strategy, bars)
    found: dict[tuple[int, str], Difference] = {}
    for end in _cuts(strategy, bars, whole, samples):
        part = strategy.signals(with_resampled(strategy, bars.iloc[: end + 1]))
        for difference in _compared("repaint", bars, whole[whole["bar_index"] <= end], part):
            found.setdefault((difference.bar_index, difference.column), difference)
    return [found[key] for key in sorted(found)]


def recursive_warmup(
    strategy: Strategy, bars: pd.DataFrame, warmup: int = WARMUP_BARS, samples: int = 5
) -> list[Difference]:
    """Start the bars later and compare the signals ``warmup`` bars after the new start.

    :raises DataError: the bars are not longer than ``warmup`` by at least one bar.
    """
    if len(bars) <= warmup + 1:
        raise DataError(f"{len(bars)} bars: need more than {warmup + 1} to start later and still have {warmup} before")
    whole, bars = _signals(strategy, bars), with_resampled(strategy, bars)
    found: dict[tuple[int, str], Difference] = {}
    for start in np.unique(np.linspace(1, len(bars) - warmup - 1, samples).astype(int)):
        part = _moved(strategy.signals(bars.iloc[start:].reset_index(drop=True)), int(start))
        first = start + warmup
        expected, late = whole[whole["bar_index"] >= first], part[part["bar_index"] >= first]
        for difference in _compared("recursive_warmup", bars, expected, late):
            found.setdefault((difference.bar_index, difference.column), difference)
    return [found[key] for key in sorted(found)]


def _at(rows: pd.DataFrame, bar: int) -> pd.DataFrame:
    """The rows of one bar."""
    return rows[rows["bar_index"] == bar]


def _compared_exits(bars: pd.DataFrame, expected: pd.DataFrame, found: pd.DataFrame, bar: int) -> Iterator[Difference]:
    """The difference between what is closed at a bar with and without the future."""
    left, right = sorted(expected["bias"]), sorted(found["bias"])
    if left != right:
        texts = (", ".join(left) or "none", ", ".join(right) or "none")
        yield Difference("look_ahead", bar, bars["close_time"].iloc[bar], "exit", *texts)


def _signals(strategy: Strategy, bars: pd.DataFrame) -> pd.DataFrame:
    """Signals from all bars, refusing a frame that cannot contain one."""
    strategy.require_warmup(bars)
    return strategy.signals(with_resampled(strategy, bars))


def _cuts(strategy: Strategy, bars: pd.DataFrame, eventful: pd.DataFrame, samples: int) -> list[int]:
    """Bars after which to cut: some where something happens, some without regard to that."""
    spread = np.linspace(strategy.warmup_bars - 1, len(bars) - 2, samples).astype(int)
    at = np.unique(eventful["bar_index"].to_numpy(np.int64))
    chosen = at[np.linspace(0, len(at) - 1, min(samples, len(at))).astype(int)] if len(at) else at
    cuts = {int(end) for end in (*spread, *chosen) if 0 <= end < len(bars) - 1}
    return sorted(cuts)


def _compared(check: str, bars: pd.DataFrame, expected: pd.DataFrame, found: pd.DataFrame) -> Iterator[Difference]:
    """Differences between two sets of signals, keyed by bar and bias."""
    left = {(int(row["bar_index"]), str(row["bias"])): row for row in expected.to_dict("records")}
    right = {(int(row["bar_index"]), str(row["bias"])): row for row in found.to_dict("records")}
    for key in sorted(left.keys() | right.keys()):
        bar, bias = key
        closes = bars["close_time"].iloc[bar]
        if key not in left or key not in right:
            texts = (bias if key in left else "none", bias if key in right else "none")
            yield Difference(check, bar, closes, "signal", *texts)
            continue
        for column in SIGNAL_COLUMNS[2:]:
            one, other = left[key][column], right[key][column]
            if not same(one, other):
                yield Difference(check, bar, closes, column, str(one), str(other))


def same(one: object, other: object) -> bool:
    """Equal, numbers to a relative 1e-6, mappings and lists member by member."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
    return one == other


def _moved(signals: pd.DataFrame, start: int) -> pd.DataFrame:
    """Signals of bars that began at ``start``, with positions as in the whole frame."""
    details = [_moved_positions(value, start) for value in signals["details"]]
    return signals.assign(bar_index=signals["bar_index"] + start, details=pd.Series(details, dtype=object))


def _moved_positions(value: object, start: int) -> object:
    """Details with every bar position shifted by ``start``."""
    if isinstance(value, dict):
        return {
            key: inner + start if key in _INDEX_KEYS and isinstance(inner, int) else _moved_positions(inner, start)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_moved_positions(inner, start) for inner in value]
    return value
