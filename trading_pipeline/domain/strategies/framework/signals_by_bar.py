"""What a strategy says when it is shown a part of the bars, by the bar it says it about."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trading_pipeline.domain.strategies.framework.arrays import (
    ArrayStrategy,
    BarArrays,
    Flags,
    answers_in_arrays,
)
from trading_pipeline.domain.strategies.framework.base import EXIT_COLUMNS, SIGNAL_COLUMNS, Strategy
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled

# Details count bars from where the shown part begins; compared are positions in the whole frame.
_INDEX_KEYS = ("index", "bar_index")

_NO_SIGNALS = pd.DataFrame(columns=list(SIGNAL_COLUMNS))
_NO_EXITS = pd.DataFrame(columns=list(EXIT_COLUMNS))

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class SignalsByBar:
    """Signals and exits by bar, the former by their bias; bars count from the beginning of the whole frame."""

    signals: dict[int, dict[str, Row]]
    exits: dict[int, set[str]]

    @classmethod
    def of(cls, signals: pd.DataFrame, exits: pd.DataFrame, first: int = 0, since: int = 0) -> "SignalsByBar":
        """The rows about bar ``since`` and later ones.

        :param first: place in the whole frame of the first bar that was shown.
        """
        leaving: dict[int, set[str]] = {}
        for row in _rows_from(exits, since - first):
            leaving.setdefault(_bar(row) + first, set()).add(str(row["bias"]))
        return cls(_signals_by_bar(signals, first, since), leaving)

    def places(self) -> set[int]:
        """Bars at which something is said."""
        return self.signals.keys() | self.exits.keys()


def signals_of_all_bars(strategy: Strategy, bars: pd.DataFrame) -> SignalsByBar:
    """What a strategy says about all bars, the higher ones that they make beside them."""
    framed = with_resampled(strategy, bars)
    return SignalsByBar.of(strategy.signals(framed), strategy.exits(framed))


def signals_at(strategy: Strategy, bars: pd.DataFrame, wanted: Flags) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Its signals and exits; those about bars that are not wanted may be left out.

    :param bars: as the strategy wants them, higher timeframes beside them.
    :param wanted: one flag per bar.
    """
    if not answers_in_arrays(strategy):
        return strategy.signals(bars), strategy.exits(bars)
    arrays = BarArrays.of(bars)
    decisions, leaving = strategy.decide(arrays).at(wanted), strategy.leave(arrays)
    left = None if leaving is None else leaving.at(wanted)
    # A wave wants one bar, about which mostly nothing is said, and to make a frame of that takes longer than to say it.
    signals = strategy.as_frame(decisions) if len(decisions.bar_index) else _NO_SIGNALS
    exits = left.as_frame() if left is not None and (left.longs.any() or left.shorts.any()) else _NO_EXITS
    return signals, exits


def decides_in_arrays(strategy: Strategy) -> bool:
    """Whether signals and exits are nothing but ``decide`` and ``leave`` of the bars themselves."""
    return answers_in_arrays(strategy) and not strategy.higher_timeframes


def signals_of_parts(strategy: Strategy, bars: pd.DataFrame) -> Callable[[range, int], SignalsByBar]:
    """A function of a part of the bars and of one of them: what is said from that bar on when the part is shown.

    A strategy that speaks in arrays is asked in arrays, where a frame would be most of the work.
    """
    if isinstance(strategy, ArrayStrategy) and decides_in_arrays(strategy):
        speaker, arrays = strategy, BarArrays.of(bars)
        return lambda part, since: _from_arrays(speaker, arrays.part(part), part.start, since)
    return lambda part, since: _from_frames(strategy, bars.iloc[part.start : part.stop], part.start, since)


def _from_frames(strategy: Strategy, bars: pd.DataFrame, first: int, since: int) -> SignalsByBar:
    framed = with_resampled(strategy, bars.reset_index(drop=True))
    return SignalsByBar.of(strategy.signals(framed), strategy.exits(framed), first, since)


def _from_arrays(strategy: ArrayStrategy, bars: BarArrays, first: int, since: int) -> SignalsByBar:
    """The same as in frames; rows are made only where something is said late enough."""
    decisions, leaving = strategy.decide(bars), strategy.leave(bars)
    signals: dict[int, dict[str, Row]] = {}
    # A frame of rows is most of the work, and usually nothing is said late enough to need it.
    if len(decisions.bar_index) and decisions.bar_index[-1] >= since - first:
        signals = _signals_by_bar(strategy.as_frame(decisions), first, since)
    exits: dict[int, set[str]] = {}
    if leaving is not None:
        for flags, bias in ((leaving.longs, "long"), (leaving.shorts, "short")):
            for bar in np.flatnonzero(flags[since - first :]).tolist():
                exits.setdefault(bar + since, set()).add(bias)
    return SignalsByBar(signals, exits)


def _signals_by_bar(signals: pd.DataFrame, first: int, since: int) -> dict[int, dict[str, Row]]:
    """The rows about bar ``since`` and later ones, with positions in the whole frame."""
    by_bar: dict[int, dict[str, Row]] = {}
    for row in _rows_from(signals, since - first):
        moved = {**row, "details": _moved(row["details"], first)}
        by_bar.setdefault(_bar(row) + first, {})[str(row["bias"])] = moved
    return by_bar


def _rows_from(frame: pd.DataFrame, bar: int) -> list[Row]:
    """The rows from a bar on."""
    late = frame["bar_index"].to_numpy() >= bar
    if not late.any():
        return []
    return [{str(name): value for name, value in row.items()} for row in frame[late].to_dict("records")]


def _bar(row: Row) -> int:
    """The place of a row's bar."""
    return int(str(row["bar_index"]))


def _moved(value: object, first: int) -> object:
    """Details with every bar position counted from the beginning of the whole frame."""
    if isinstance(value, dict):
        return {
            key: inner + first if key in _INDEX_KEYS and isinstance(inner, int) else _moved(inner, first)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_moved(inner, first) for inner in value]
    return value
