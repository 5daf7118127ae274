"""Entry and exit signals of one symbol, as the engine takes them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading_pipeline.domain.backtest.codes import OrderKind
from trading_pipeline.domain.model.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EntrySignals:
    """Parallel arrays, ordered by ``bar_index``; at one bar, in the order given.

    :param bar_index: bar at whose close the signal is known.
    :param direction: 1 long, -1 short; of an exit the side it closes, 0 for either.
    :param stop_price: quote currency; NaN where ``stop_fraction`` decides.
    :param kind: ``OrderKind``; market where the array is left out.
    :param limit_price: price of limit and stop entries.
    :param quantity: base currency; NaN where the sizing rule decides.
    """

    bar_index: Integers
    direction: Integers
    stop_price: Floats
    kind: Integers | None = None
    limit_price: Floats | None = None
    quantity: Floats | None = None

    def __post_init__(self) -> None:
        given = (self.bar_index, self.direction, self.stop_price, self.kind, self.limit_price, self.quantity)
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
        if np.any(resting & ~(prices > 0.0)):
            raise DataError("a limit or stop entry has no price: give limit_price")
        if self.quantity is not None and np.any(self.quantity <= 0.0):
            raise DataError("a quantity is not positive: leave it NaN or give base currency")

    def __len__(self) -> int:
        return len(self.bar_index)

    def kinds(self) -> Integers:
        """The order kind of every signal."""
        return np.zeros(len(self.bar_index), np.int64) if self.kind is None else self.kind

    @classmethod
    def of_frame(cls, signals: pd.DataFrame) -> Self:
        """Market entries from a strategy's frame of signals."""
        return cls(
            signals["bar_index"].to_numpy(np.int64),
            np.where(signals["bias"] == "long", 1, -1).astype(np.int64),
            signals["stop_price"].to_numpy(np.float64),
        )

    def with_exits(self, exits: pd.DataFrame) -> "EntrySignals":
        """The same with a strategy's exits, which come before the entries of their bar."""
        count = len(exits)
        bars = np.concatenate([exits["bar_index"].to_numpy(np.int64), self.bar_index])
        order = np.argsort(bars, kind="stable")
        sides = np.where(exits["bias"] == "long", 1, -1).astype(np.int64)
        missing, none = np.full(count, np.nan), np.full(len(self), np.nan)
        return EntrySignals(
            bars[order],
            np.concatenate([sides, self.direction])[order],
            np.concatenate([missing, self.stop_price])[order],
            np.concatenate([np.full(count, int(OrderKind.EXIT)), self.kinds()])[order],
            np.concatenate([missing, none if self.limit_price is None else self.limit_price])[order],
            np.concatenate([missing, none if self.quantity is None else self.quantity])[order],
        )
