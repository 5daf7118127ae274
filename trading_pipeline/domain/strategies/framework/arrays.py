"""The array side of strategies: bars as float64 columns in, decisions as arrays out.

The backtest and the optimiser run ``decide`` alone, because building a frame with a mapping per
signal costs more than the decisions; the asset and the command line run ``signals``, which is the
same decisions with their evidence.
"""

from abc import abstractmethod
from dataclasses import dataclass, field, fields, replace
from typing import Self, TypeGuard

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import EXIT_COLUMNS, SIGNAL_COLUMNS, Strategy

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LONG, SHORT = 1, -1
_PRICES = ("open", "high", "low", "close")
# Values of higher timeframes are known by the end of their name, as `as_of_close` writes them.
_SUFFIXES = tuple(f"_{timeframe}" for timeframe in Timeframe)


@dataclass(frozen=True, slots=True)
class BarArrays:
    """Bars of one instrument and timeframe, oldest first, one array per column.

    Times are milliseconds since the epoch, ``close_time_ms`` the closing instant; prices are quote
    currency, ``volume`` is base currency.

    :param higher: values of higher timeframes known at each close, by name and timeframe (``rsi_14_4h``).
    """

    open_time_ms: Integers
    close_time_ms: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    higher: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.close)

    def part(self, places: range) -> Self:
        """The bars at these places, with what stands beside them."""
        cut = slice(places.start, places.stop)
        columns = {spec.name: getattr(self, spec.name)[cut] for spec in fields(self) if spec.name != "higher"}
        return replace(self, **columns, higher={name: values[cut] for name, values in self.higher.items()})

    @property
    def timeframe(self) -> Timeframe:
        """The timeframe whose length in milliseconds is that of the first bar; there has to be one.

        :raises DataError: no timeframe is that long.
        """
        length = int(self.close_time_ms[0] - self.open_time_ms[0])
        for timeframe in Timeframe:
            if timeframe.ms == length:
                return timeframe
        raise DataError(f"bars of {length / 1000:g} s: must be of {', '.join(Timeframe)}")

    @classmethod
    def of(cls, bars: pd.DataFrame) -> Self:
        """Read a frame with ``BAR_COLUMNS``.

        :raises DataError: several instruments, times not strictly ascending, or a value that cannot be
            a price or a volume; the message names the first such bar.
        """
        if "instrument_id" in bars and bars["instrument_id"].nunique() > 1:
            raise DataError(
                f"bars of {bars['instrument_id'].nunique()} instruments in one frame: pass one instrument at a time"
            )
        times, closes = (_milliseconds(bars[name]) for name in ("open_time", "close_time"))
        columns = {name: bars[name].to_numpy(np.float64) for name in (*_PRICES, "volume")}
        _refuse_disorder(times)
        _refuse_impossible_bars(times, columns)
        names = [str(name) for name in bars.columns if str(name).endswith(_SUFFIXES)]
        higher = {name: bars[name].to_numpy(np.float64) for name in names}
        return cls(times, closes, **columns, higher=higher)

    def require_volume(self, strategy: str) -> None:
        """Refuse bars among which nothing was ever traded.

        :raises DataError: there are bars and the volume of every one is zero.
        """
        if len(self) and not self.volume.any():
            raise DataError(f"volume is 0 on all {len(self)} bars: {strategy} needs volume; use a feed that has it")


def _milliseconds(times: pd.Series) -> Integers:
    """UTC timestamps of any resolution as milliseconds since the epoch."""
    # Frames may come with nanoseconds or microseconds; integers of another unit would pass for other times.
    milliseconds: Integers = pd.DatetimeIndex(times).tz_convert("UTC").as_unit("ms").asi8
    return milliseconds


def _refuse_disorder(times: Integers) -> None:
    """Raise at the first bar that does not open after the one before it."""
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if len(wrong):
        at = int(wrong[0]) + 1
        kind = "repeats" if times[at] == times[at - 1] else "opens before"
        raise DataError(f"bar {at} ({_iso(times[at])}) {kind} bar {at - 1}: sort bars by open time, one per time")


def _refuse_impossible_bars(times: Integers, columns: dict[str, Floats]) -> None:
    """Raise at the first price that is not positive and finite or volume that is negative or missing."""
    for name, values in columns.items():
        sound = np.isfinite(values) & (values >= 0 if name == "volume" else values > 0)
        if not sound.all():
            at = int(np.argmin(sound))
            raise DataError(f"bar {at} ({_iso(times[at])}): {name} is {values[at]}; no decision from such a bar")


def _iso(milliseconds: int) -> str:
    """A time for a message."""
    return str(np.datetime64(int(milliseconds), "ms")) + "Z"


@dataclass(frozen=True, slots=True)
class EntryGrid:
    """Entries in several levels: one row per signal, one column per level, the entry itself first.

    :param price: quote currency.
    :param share: of the trade's risk that the level loses at the common stop; a row adds up to 1.
    """

    price: Floats
    share: Floats

    def row(self, row: int) -> list[dict[str, float]]:
        """The levels of one signal, JSON-ready."""
        levels = zip(self.price[row].tolist(), self.share[row].tolist(), strict=True)
        return [{"price": price, "share": share} for price, share in levels]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Signals as parallel arrays, ordered by ``bar_index``.

    :param direction: ``LONG`` (1) or ``SHORT`` (-1).
    :param entry_price: close of the deciding bar, quote currency.
    :param score: 0 to 100.
    :param evidence: named numbers per signal, which become the signal's details.
    :param grid: levels in which each is entered; ``None`` enters at once.
    """

    bar_index: Integers
    direction: Integers
    entry_price: Floats
    stop_price: Floats
    score: Floats
    evidence: dict[str, Floats] = field(default_factory=dict)
    grid: EntryGrid | None = None

    def at(self, wanted: Flags) -> "Decisions":
        """Those of the wanted bars.

        :param wanted: one flag per bar.
        """
        rows = np.flatnonzero(wanted[self.bar_index])
        return Decisions(
            self.bar_index[rows],
            self.direction[rows],
            self.entry_price[rows],
            self.stop_price[rows],
            self.score[rows],
            {name: values[rows] for name, values in self.evidence.items()},
            None if self.grid is None else EntryGrid(self.grid.price[rows], self.grid.share[rows]),
        )

    def merged_with(self, other: Self) -> "Decisions":
        """Both sets in the order of their bars; they carry the same kinds of evidence and enter at once."""
        # Stable: at one bar what stands first in `self` stays first.
        order = np.argsort(np.concatenate([self.bar_index, other.bar_index]), kind="stable")
        evidence = {
            name: np.concatenate([values, other.evidence[name]])[order] for name, values in self.evidence.items()
        }
        return Decisions(
            np.concatenate([self.bar_index, other.bar_index])[order],
            np.concatenate([self.direction, other.direction])[order],
            np.concatenate([self.entry_price, other.entry_price])[order],
            np.concatenate([self.stop_price, other.stop_price])[order],
            np.concatenate([self.score, other.score])[order],
            evidence,
        )

    def details(self, row: int) -> Details:
        """The evidence of one signal as a JSON-ready mapping, with the levels of its entry under ``entries``."""
        evidence: Details = {name: float(values[row]) for name, values in self.evidence.items()}
        return evidence if self.grid is None else {**evidence, "entries": self.grid.row(row)}


@dataclass(frozen=True, slots=True)
class Leaving:
    """Bars at whose close a strategy itself wants its longs and its shorts gone: one flag per bar."""

    longs: Flags
    shorts: Flags

    def places(self) -> tuple[Integers, Integers]:
        """Bars in their order and the side that is closed at each, ``LONG`` before ``SHORT``."""
        bars = np.concatenate([np.flatnonzero(self.longs), np.flatnonzero(self.shorts)])
        sides = np.repeat([LONG, SHORT], [np.count_nonzero(self.longs), np.count_nonzero(self.shorts)])
        order = np.argsort(bars, kind="stable")
        return bars[order], sides[order]

    def at(self, wanted: Flags) -> "Leaving":
        """Those of the wanted bars.

        :param wanted: one flag per bar.
        """
        return Leaving(self.longs & wanted, self.shorts & wanted)

    def as_frame(self) -> pd.DataFrame:
        """One row for each bar and side, with ``EXIT_COLUMNS``."""
        at, side = self.places()
        bias = pd.Series(np.where(side == LONG, "long", "short"), dtype="str")
        return pd.DataFrame({"bar_index": at, "bias": bias}, columns=list(EXIT_COLUMNS))


class ArrayStrategy(Strategy):
    """A strategy written over arrays: ``signals`` is derived from ``decide``, ``exits`` from ``leave``."""

    @abstractmethod
    def decide(self, bars: BarArrays) -> Decisions:
        """All decisions on these bars, each from its own bar and earlier ones only."""

    def leave(self, bars: BarArrays) -> Leaving | None:  # noqa: ARG002 - the default has no exits of its own
        """Where the strategy itself wants out; ``None`` leaves that to the plan's stop, targets and runner."""
        return None

    def exits(self, bars: pd.DataFrame) -> pd.DataFrame:
        """The bars of ``leave`` as a frame with ``EXIT_COLUMNS``."""
        leaving = self.leave(BarArrays.of(bars))
        return super().exits(bars) if leaving is None else leaving.as_frame()

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """The decisions as a frame with ``SIGNAL_COLUMNS``.

        :raises DataError: the bars are unordered, repeated or contain values that are no prices.
        """
        return self.as_frame(self.decide(BarArrays.of(bars)))

    def as_frame(self, decisions: Decisions) -> pd.DataFrame:
        """Decisions with their evidence, one row each."""
        rows = range(len(decisions.bar_index))
        columns = {
            "bar_index": decisions.bar_index,
            "bias": pd.Series(np.where(decisions.direction == LONG, "long", "short"), dtype="str"),
            "entry_price": decisions.entry_price,
            "stop_price": decisions.stop_price,
            "score": decisions.score,
            "details": pd.Series([self.details(decisions, row) for row in rows], dtype=object),
        }
        return pd.DataFrame(columns, columns=list(SIGNAL_COLUMNS))

    def details(self, decisions: Decisions, row: int) -> Details:
        """What led to one signal; a strategy with richer evidence overrides this."""
        return decisions.details(row)


def answers_in_arrays(strategy: Strategy) -> TypeGuard[ArrayStrategy]:
    """Whether signals and exits are nothing but ``decide`` and ``leave`` of the bars."""
    kind = type(strategy)
    return (
        isinstance(strategy, ArrayStrategy)
        and kind.signals is ArrayStrategy.signals
        and kind.exits is ArrayStrategy.exits
    )


def decisions_with_atr_stop(
    bars: BarArrays, direction: Integers, atr: Floats, multiple: float, evidence: dict[str, Floats]
) -> Decisions:
    """Decisions at every bar where ``direction`` is not 0: entry at the close, stop ``multiple`` ATR away.

    Bars without an ATR give none. A stop that does not lie above zero, or not beside the entry, is a decision like
    any other: whoever would trade it refuses it by name.

    :param direction: one of 1, 0, -1 per bar.
    :param atr: quote currency, one value per bar.
    :param evidence: arrays over all bars; the values at the deciding bars are kept, with the ATR.
    """
    stop = bars.close - direction * multiple * atr
    at = np.flatnonzero((direction != 0) & np.isfinite(stop))
    kept = {name: values[at] for name, values in {**evidence, "atr": atr}.items()}
    # Rules without a score of their own say neither good nor bad.
    score = np.full(len(at), 50.0)
    return Decisions(at, direction[at], bars.close[at], stop[at], score, kept)
