"""Columns that are worked out from others when they are read: keeping them for hundreds of symbols costs too much.

They are read like the arrays they stand for: by an index, a slice, or an array of indices.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]


class Integers(Protocol):
    """An array of integers, or what is read like one."""

    def __getitem__(self, key: Any, /) -> Any:
        """The value at an index, or those of a slice or of an array of indices."""


Wide = NDArray[np.int64]


def narrow(values: Wide) -> Ints:
    """The same integers in the fewest bytes, two at least."""
    least, most = int(values.min()), int(values.max())
    for kind in (np.int16, np.int32):
        if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max:
            return values.astype(kind)
    return values


@dataclass(frozen=True, slots=True)
class Near:
    """Values that lie near those of another column: kept as the distance to them."""

    base: Ints
    distance: Ints

    @classmethod
    def of(cls, values: Wide, base: Ints) -> "Near":
        """The column of the values."""
        return cls(base, narrow(values - base))

    def __getitem__(self, key: Any) -> Any:
        """The value at an index, or those of a slice or of an array of indices."""
        # One at a time is how prices walk; as plain integers it costs a tenth.
        if isinstance(key, int):
            return int(self.base[key]) + int(self.distance[key])
        return self.base[key] + self.distance[key].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Opens:
    """Opens that are the close before, but for some: only those are kept.

    :param closes: of the same bars.
    :param index: of the bars that open elsewhere, ascending; the first bar is one of them.
    :param value: their opens.
    """

    closes: Ints
    index: Wide
    value: Ints

    @classmethod
    def of(cls, opens: Wide, closes: Ints) -> "Opens":
        """The column of the opens."""
        index = np.concatenate([[0], 1 + np.flatnonzero(opens[1:] != closes[:-1])]).astype(np.int64)
        return cls(closes, index, narrow(opens[index]))

    def __getitem__(self, key: Any) -> Any:
        """The value at an index, or those of a slice or of an array of indices."""
        if isinstance(key, int):
            return self._one(key)
        if isinstance(key, slice):
            key = np.arange(*key.indices(len(self.closes)))
        key = np.asarray(key)
        place = np.minimum(np.searchsorted(self.index, key), len(self.index) - 1)
        return np.where(self.index[place] == key, self.value[place], self.closes[np.maximum(key - 1, 0)]).astype(
            np.int64
        )

    def _one(self, number: int) -> int:
        """The open of one bar, counted from the first."""
        place = int(np.searchsorted(self.index, number))
        if place < len(self.index) and self.index[place] == number:
            return int(self.value[place])
        return int(self.closes[number - 1])


@dataclass(frozen=True, slots=True)
class Turnover:
    """Volume times the mean of the four prices.

    :param prices: open, high, low, close.
    :param price_unit: how many units of the price columns make one of the quote currency; likewise volume.
    :param unit: how many units of the result make one of the quote currency.
    """

    prices: tuple[Any, Any, Any, Any]
    volume: Ints
    price_unit: int
    volume_unit: int
    unit: int

    def __getitem__(self, key: Any) -> Any:
        """The value at an index, or those of a slice or of an array of indices."""
        mean = sum(column[key].astype(np.float64) for column in self.prices) / 4 / self.price_unit
        return np.rint(self.volume[key] / self.volume_unit * mean * self.unit).astype(np.int64)
