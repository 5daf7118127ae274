"""Entry and exit signals of one instrument, as the engine takes them."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.backtest.codes import OrderKind
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.missing_bars import untraded
from trading_pipeline.domain.strategies.framework.arrays import ArrayStrategy, BarArrays, Decisions
from trading_pipeline.domain.strategies.framework.base import Strategy

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EntrySignals:
    """Parallel arrays, ordered by ``bar_index``; at one bar, in the order given.

    :param bar_index: bar at whose close the signal is known.
    :param direction: 1 long, -1 short; of an exit the side it closes, 0 for either.
    :param stop_price: quote currency; NaN where ``stop_fraction`` decides.
    :param kind: ``OrderKind``; market where the array is left out.
    :param limit_price: price of limit and stop entries.
    :param quantity: base currency; NaN where the sizing rule decides.
    :param share: of the sizing rule's amount; 1 where the array is left out.
    :param level: place in an entry grid from 1 on, 0 for an entry on its own, where the array is left out too.
        The levels of a grid follow each other. The first only opens a position, the others only add to it.
    :param score: the higher is entered first where ``entries_by`` says so; the levels of a grid have one.
    """

    bar_index: Integers
    direction: Integers
    stop_price: Floats
    kind: Integers | None = None
    limit_price: Floats | None = None
    quantity: Floats | None = None
    share: Floats | None = None
    level: Integers | None = None
    score: Floats | None = None

    def __post_init__(self) -> None:
        given = [getattr(self, spec.name) for spec in fields(self)]
        lengths = {len(column) for column in given if column is not None}
        if len(lengths) != 1:
            raise DataError(f"signal columns of different lengths {sorted(lengths)}: give one value per signal")
        kinds = self.kinds()
        if np.any(np.diff(self.bar_index) < 0):
            raise DataError("signals are not ordered by bar: sort them by bar_index")
        if np.any(np.abs(self.direction) > 1) or np.any((self.direction == 0) & (kinds != OrderKind.EXIT)):
            raise DataError("a direction is neither 1 nor -1; 0 is for exits only")
        if np.any((kinds < 0) | (kinds > OrderKind.EXIT)):
            raise DataError("an order kind does not exist: use OrderKind")
        resting = (kinds == OrderKind.LIMIT) | (kinds == OrderKind.STOP)
        prices = np.full(len(kinds), np.nan) if self.limit_price is None else self.limit_price
        # Negated, because NaN is no price either.
        if np.any(resting & ~(prices > 0.0)):
            raise DataError("a limit or stop entry has no price: give limit_price")
        if self.quantity is not None and np.any(self.quantity <= 0.0):
            raise DataError("a quantity is not positive: leave it NaN or give base currency")
        if self.share is not None and not np.all((self.share > 0.0) & (self.share < np.inf)):
            raise DataError("a share of the sizing rule's amount is not positive: 1 is the whole amount")
        if self.level is not None:
            self._refuse_broken_grids(self.level, kinds)

    def __len__(self) -> int:
        return len(self.bar_index)

    def kinds(self) -> Integers:
        """The order kind of every signal."""
        return np.zeros(len(self.bar_index), np.int64) if self.kind is None else self.kind

    def chosen(self, kept: Flags) -> "EntrySignals":
        """The signals that are marked, one flag each; mark the levels of a grid alike."""
        columns = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return replace(self, **{name: column[kept] for name, column in columns.items() if column is not None})

    def rested(self, bars: BarArrays, warmup_bars: int) -> "EntrySignals":
        """Without those of bars that follow a hole by less than ``warmup_bars``."""
        if not len(self):
            return self
        length_ms = int(bars.close_time_ms[0] - bars.open_time_ms[0])
        soon = untraded(bars.open_time_ms, length_ms, warmup_bars) > 0
        return self.chosen(~soon[self.bar_index]) if soon.any() else self

    @classmethod
    def of_frame(cls, signals: pd.DataFrame) -> Self:
        """Market entries from a strategy's frame of signals, each entered at once whatever its details say."""
        return cls(
            signals["bar_index"].to_numpy(np.int64),
            np.where(signals["bias"] == "long", 1, -1).astype(np.int64),
            signals["stop_price"].to_numpy(np.float64),
            score=signals["score"].to_numpy(np.float64) if "score" in signals else None,
        )

    @classmethod
    def of_strategy(
        cls, strategy: Strategy, frame: pd.DataFrame, bars: BarArrays, *, exits: bool = True
    ) -> "EntrySignals":
        """All that a strategy says of some bars: its entries, and its exits before the entries of their bar.

        Entries too soon after a hole are left out, as nobody makes a plan of them.
        The mapping of evidence per signal is left out where that can be done.

        :param bars: the arrays of ``frame``.
        :param exits: without them the position is left by its own rules alone.
        """
        if not isinstance(strategy, ArrayStrategy):
            entries = cls.of_frame(strategy.signals(frame)).rested(bars, strategy.warmup_bars)
            return entries.with_exits(strategy.exits(frame)) if exits else entries
        entries = cls.of_decisions(strategy.decide(bars)).rested(bars, strategy.warmup_bars)
        leaving = strategy.leave(bars) if exits else None
        return entries if leaving is None else entries._with_exits(*leaving.places())

    @classmethod
    def of_decisions(cls, decisions: Decisions) -> Self:
        """Market entries from a strategy's decisions; of a grid, a limit entry for every level but the first."""
        grid = decisions.grid
        if grid is None:
            return cls(decisions.bar_index, decisions.direction, decisions.stop_price, score=decisions.score)
        count = grid.price.shape[1]
        level = np.tile(np.arange(1, count + 1), len(decisions.bar_index))
        return cls(
            np.repeat(decisions.bar_index, count),
            np.repeat(decisions.direction, count),
            np.repeat(decisions.stop_price, count),
            np.where(level == 1, int(OrderKind.MARKET), int(OrderKind.LIMIT)),
            grid.price.ravel(),
            share=grid.share.ravel(),
            level=level,
            score=np.repeat(decisions.score, count),
        )

    def with_exits(self, exits: pd.DataFrame) -> "EntrySignals":
        """The same with a strategy's exits, which come before the entries of their bar."""
        sides = np.where(exits["bias"] == "long", 1, -1).astype(np.int64)
        return self._with_exits(exits["bar_index"].to_numpy(np.int64), sides)

    def _with_exits(self, at: Integers, sides: Integers) -> "EntrySignals":
        """Exits at bars, of the side that is closed at each."""
        count = len(at)
        bars = np.concatenate([at, self.bar_index])
        # Exits stand first and the sort is stable, so that they come before the entries of their bar.
        order = np.argsort(bars, kind="stable")
        missing = np.full(count, np.nan)
        return EntrySignals(
            bars[order],
            np.concatenate([sides, self.direction])[order],
            np.concatenate([missing, self.stop_price])[order],
            np.concatenate([np.full(count, int(OrderKind.EXIT)), self.kinds()])[order],
            None if self.limit_price is None else np.concatenate([missing, self.limit_price])[order],
            None if self.quantity is None else np.concatenate([missing, self.quantity])[order],
            None if self.share is None else np.concatenate([np.ones(count), self.share])[order],
            None if self.level is None else np.concatenate([np.zeros(count, np.int64), self.level])[order],
            None if self.score is None else np.concatenate([np.zeros(count), self.score])[order],
        )

    def _refuse_broken_grids(self, level: Integers, kinds: Integers) -> None:
        """Hold every level after the first against the signal before it.

        :raises DataError: a grid has a gap, changes its bar or side, or consists of exits.
        """
        further = np.flatnonzero(level > 1)
        before = further - 1
        alike = (self.bar_index[further] == self.bar_index[before]) & (
            self.direction[further] == self.direction[before]
        )
        if self.score is not None:
            # NaN, an unknown score, is not equal to itself and is let through.
            alike &= ~(self.score[further] != self.score[before]) | np.isnan(self.score[before])
        follows = (before >= 0) & alike & (level[before] == level[further] - 1)
        if not follows.all() or np.any(level < 0) or np.any((level > 0) & (kinds == OrderKind.EXIT)):
            raise DataError("a level of an entry grid does not follow the one before it at the same bar and side")
