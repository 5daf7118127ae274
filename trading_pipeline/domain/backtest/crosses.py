"""Crossing exponential averages in one compiled pass: the signals of a parameter sweep."""

import math
from dataclasses import dataclass

from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import EntryRow, Floats, Records
from trading_pipeline.domain.backtest.uncounted import uncounted
from trading_pipeline.domain.indicators.ties import ROUNDING
from trading_pipeline.domain.model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class EmaCross:
    """Long when the fast average rises above the slow one, short when it no longer is above, by more than rounding.

    Periods are bars. The signals carry neither stop nor quantity: the rules of the run decide.
    """

    fast_period: int
    slow_period: int

    def __post_init__(self) -> None:
        if not 2 <= self.fast_period < self.slow_period:
            raise ConfigurationError(
                f"fast_period = {self.fast_period}, slow_period = {self.slow_period}: need 2 <= fast < slow"
            )

    def rows(self, close: Floats, scratch: Records) -> Records:
        """One row per cross, in the part of ``scratch`` that is needed; ``scratch`` has a row per bar."""
        return scratch[: _write_crosses(close, self.fast_period, self.slow_period, scratch)]


@compiled
def _write_crosses(close: Floats, fast_period: int, slow_period: int, scratch: Records) -> int:
    """Write an entry at every cross, from bar ``slow_period`` on; how many there are.

    Both averages start at the mean of their first closes, alpha = 2 / (period + 1), as TA-Lib's EMA.
    """
    fast, slow, count, rows = 0.0, 0.0, 0, uncounted(scratch)
    fast_alpha, slow_alpha = 2.0 / (fast_period + 1.0), 2.0 / (slow_period + 1.0)
    above = False
    for bar in range(len(close)):
        fast = _average(fast, close[bar], bar, fast_period, fast_alpha)
        slow = _average(slow, close[bar], bar, slow_period, slow_alpha)
        # By more than rounding, as `beyond` has it: equal averages differ in the last bit.
        is_above = fast - slow > ROUNDING * close[bar]
        if bar >= slow_period and is_above != above:
            # Every field is written: the scratch memory still holds the signals of the set before.
            row: EntryRow = rows[count]
            row.bar, row.own, row.wave, row.direction = bar, bar, bar, 1 if is_above else -1
            row.lane, row.kind, row.outcome = 0, 0, 0
            row.price, row.stop, row.quantity = math.nan, math.nan, math.nan
            row.share, row.volatility_scale, row.level, row.score = 1.0, 1.0, 0, 0.0
            count += 1
        above = is_above
    return count


@compiled
def _average(value: float, price: float, bar: int, period: int, alpha: float) -> float:
    """The next value of an exponential average; until bar ``period`` - 1 the running sum, then its mean."""
    if bar < period - 1:
        return value + price
    if bar == period - 1:
        return (value + price) / period
    return value + alpha * (price - value)
