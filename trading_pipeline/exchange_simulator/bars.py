"""Base bars of one symbol as compact integer columns, and coarser bars made of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.exchange_simulator.columns import Integers
from trading_pipeline.exchange_simulator.intervals import DAY_MS
from trading_pipeline.exchange_simulator.precision import decimals_of, refuse_large, refuse_rounded, units_of

# Coarse enough that a day's sum of any symbol fits into 64 bits.
TURNOVER_DECIMALS = 4
MOST_VOLUME_DECIMALS = 8
Column = NDArray[np.int64]


def shown(value: int, decimals: int) -> str:
    """The integer as a decimal number with that many decimals: ``shown(1234, 2)`` is ``12.34``."""
    if decimals == 0:
        return str(value)
    digits = str(value).zfill(decimals + 1)
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars in ascending order, all columns of shape ``(n,)``.

    :param step_ms: length of a bar.
    :param open_ms: open times, UTC.
    :param open: prices count units of ``10 ** -price_decimals`` of the quote currency.
    :param volume: counts units of ``10 ** -volume_decimals`` of the base currency.
    :param turnover: counts units of ``10 ** -TURNOVER_DECIMALS`` of the quote currency.

    Any column may be one that is worked out when it is read (``columns``).
    """

    step_ms: int
    price_decimals: int
    volume_decimals: int
    open_ms: Column
    open: Integers
    high: Integers
    low: Integers
    close: Integers
    volume: Integers
    turnover: Integers

    @property
    def first_ms(self) -> int:
        """Open time of the first bar, UTC milliseconds."""
        return int(self.open_ms[0])

    @property
    def end_ms(self) -> int:
        """Close time of the last bar, UTC milliseconds."""
        return int(self.open_ms[-1]) + self.step_ms

    def price(self, units: int) -> Decimal:
        """A price of these columns as money: quote currency, with the decimals of the column."""
        return Decimal(units).scaleb(-self.price_decimals)

    def closed_by(self, now_ms: int) -> int:
        """How many bars have closed at ``now_ms``, UTC milliseconds."""
        return int(np.searchsorted(self.open_ms, now_ms - self.step_ms, side="right"))

    def base_of(self, step_ms: int) -> "BarSeries":  # noqa: ARG002 - there is one base here
        """The coarsest bars here of which bars of that length (ms) can be made."""
        return self

    def moved(self, move: Callable[[Column], Column]) -> "BarSeries":
        """The same bars at other open times."""
        return replace(self, open_ms=move(self.open_ms))

    def part(self, first: int, last: int) -> "BarSeries":
        """Bars ``first`` to ``last - 1``."""
        chosen = slice(first, last)
        return replace(
            self,
            open_ms=self.open_ms[chosen],
            open=self.open[chosen],
            high=self.high[chosen],
            low=self.low[chosen],
            close=self.close[chosen],
            volume=self.volume[chosen],
            turnover=self.turnover[chosen],
        )

    def opened_before(self, instant_ms: int) -> int:
        """How many bars opened before the instant, UTC milliseconds."""
        return int(np.searchsorted(self.open_ms, instant_ms))

    def spanning(self, open_ms: int, close_ms: int) -> list[str] | None:
        """The bar between two instants (UTC ms) as the venue lists it, ``None`` where base bars are missing."""
        first = int(np.searchsorted(self.open_ms, open_ms))
        count = (close_ms - open_ms) // self.step_ms
        last = first + count
        if last > len(self.open_ms) or int(self.open_ms[last - 1]) != close_ms - self.step_ms:
            return None
        if int(self.open_ms[first]) != open_ms:
            return None
        # One row, asked for at every close of every topic: of columns that are read once.
        bars, whole = self.part(first, last), slice(None)
        prices = (bars.open[0], bars.high[whole].max(), bars.low[whole].min(), bars.close[-1])
        return [
            str(open_ms),
            *(shown(int(price), self.price_decimals) for price in prices),
            shown(int(bars.volume[whole].sum(dtype=np.int64)), self.volume_decimals),
            shown(int(bars.turnover[whole].sum()), TURNOVER_DECIMALS),
        ]

    def merged(self, starts: NDArray[np.integer], ends: NDArray[np.integer]) -> "BarSeries":
        """One bar of each run of bars.

        :param starts: position of the first bar of each run, ascending, shape ``(m,)``.
        :param ends: position behind the last one; runs do not overlap.
        """
        # Every second stretch is a run; those between them are what lies between two runs.
        edges = np.stack([starts, ends], axis=1).ravel()
        edges = edges[:-1] if edges[-1] == len(self.open_ms) else edges
        # Columns that are worked out when they are read become arrays here.
        whole = slice(None)
        return replace(
            self,
            open_ms=self.open_ms[starts],
            open=self.open[starts],
            high=np.maximum.reduceat(self.high[whole], edges)[::2],
            low=np.minimum.reduceat(self.low[whole], edges)[::2],
            close=self.close[ends - 1],
            volume=np.add.reduceat(self.volume[whole], edges, dtype=np.int64)[::2],
            turnover=np.add.reduceat(self.turnover[whole], edges)[::2],
        )

    def rows(self, first: int, last: int) -> list[list[str]]:
        """Bars ``first`` to ``last - 1`` as the venue lists them: start, OHLC, volume, turnover as text."""
        prices = (self.open, self.high, self.low, self.close)
        texts = [[shown(value, self.price_decimals) for value in column[first:last].tolist()] for column in prices]
        volumes = [shown(value, self.volume_decimals) for value in self.volume[first:last].tolist()]
        turnovers = [shown(value, TURNOVER_DECIMALS) for value in self.turnover[first:last].tolist()]
        starts = map(str, self.open_ms[first:last].tolist())
        return [list(row) for row in zip(starts, *texts, volumes, turnovers, strict=True)]


def series_from_floats(
    step_ms: int, open_ms: Column, columns: dict[str, NDArray[np.float64]], origin: str
) -> BarSeries:
    """Integer columns of float OHLCV columns, at the precision the numbers have.

    Turnover is not recorded; it is volume times the mean of the four prices.

    :param origin: where they are from, for the message.
    :raises DataError: names the first row (1 is the first) with a number that these columns cannot hold.
    """
    # Integers keep every recorded digit, add up exactly and are half the size.
    prices = {name: columns[name] for name in ("open", "high", "low", "close")}
    price_decimals = decimals_of(np.concatenate(list(prices.values())))
    refuse_rounded(prices, price_decimals, origin)
    volume, turnover = columns["volume"], columns["volume"] * sum(prices.values()) / 4
    volume_decimals = decimals_of(volume, MOST_VOLUME_DECIMALS)
    bars_a_day = max(1, DAY_MS // step_ms)
    refuse_large("volume", volume, volume_decimals, bars_a_day, origin)
    refuse_large("turnover", turnover, TURNOVER_DECIMALS, bars_a_day, origin)
    return BarSeries(
        step_ms=step_ms,
        price_decimals=price_decimals,
        volume_decimals=volume_decimals,
        open_ms=open_ms,
        **{name: units_of(values, price_decimals) for name, values in prices.items()},
        volume=units_of(volume, volume_decimals),
        turnover=units_of(turnover, TURNOVER_DECIMALS),
    )
