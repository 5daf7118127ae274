"""Where a strategy says something else about a part of the bars than about all of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from trading_pipeline.domain.strategies.framework.base import SIGNAL_COLUMNS
from trading_pipeline.domain.strategies.framework.signals_by_bar import Row, SignalsByBar

# Recursive averages forget their seed to about 1e-9 over the warm-up; a look-ahead changes far more than 1e-6.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that should have been the same.

    :param check: ``look_ahead``, ``repaint`` or ``recursive_warmup``.
    :param bar_index: bar of the signal in the whole frame.
    :param close_time: its closing instant.
    :param column: the signal's column, ``signal`` when it exists on one side only, or ``exit``.
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


@dataclass(frozen=True, slots=True)
class Unlike:
    """What two sides say differently about one bar; ``None`` where a side says nothing.

    :param column: as of ``Difference``.
    """

    bar_index: int
    column: str
    expected: str | None
    found: str | None

    def told(self, check: str, bars: pd.DataFrame) -> Difference:
        """The same for people."""
        texts = ("none" if text is None else text for text in (self.expected, self.found))
        return Difference(check, self.bar_index, bars["close_time"].iloc[self.bar_index], self.column, *texts)


def unlike(expected: SignalsByBar, found: SignalsByBar, rows: range) -> Iterator[Unlike]:
    """Where two sides differ about some bars, in their order."""
    for bar in rows:
        yield from _unlike_signals(bar, expected.signals.get(bar, {}), found.signals.get(bar, {}))
        left, right = expected.exits.get(bar, set()), found.exits.get(bar, set())
        for bias in sorted(left ^ right):
            yield Unlike(bar, "exit", bias if bias in left else None, bias if bias in right else None)


def _unlike_signals(bar: int, expected: dict[str, Row], found: dict[str, Row]) -> Iterator[Unlike]:
    """Where two sides differ about the signals of one bar."""
    for bias in sorted(expected.keys() | found.keys()):
        if bias not in expected or bias not in found:
            yield Unlike(bar, "signal", bias if bias in expected else None, bias if bias in found else None)
            continue
        # Without bar and bias, by which the two rows were found.
        for column in SIGNAL_COLUMNS[2:]:
            one, other = expected[bias][column], found[bias][column]
            if not same(one, other, abs(float(str(expected[bias]["entry_price"])))):
                yield Unlike(bar, column, str(one), str(other))


def same(one: object, other: object, price: float = 1.0) -> bool:
    """Equal, numbers to a relative 1e-6, mappings and lists member by member.

    :param price: of the signal; below 1 it makes the distance smaller at which values near zero are the same.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], price) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair, price) for pair in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE * min(1.0, price))
    return one == other
