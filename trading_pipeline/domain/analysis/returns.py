"""Returns of an equity curve: per bar, per month, per year. Fractions unless the name says ``_pct``."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

YEAR_MS = 365.25 * 86_400_000
MONTH_OF_YEAR = 30 / 365.25


def elapsed_years(close_ms: Integers, bar_ms: int) -> float:
    """Years of 365.25 days from the open of the first bar to the close of the last, whatever is missing between.

    :param close_ms: closing instants, ascending; the first bar opened ``bar_ms`` before its close.
    """
    return float(close_ms[-1] - close_ms[0] + bar_ms) / YEAR_MS


def periods_per_year(count: int, years: float) -> float:
    """Returns a year really brought: 8766 for 1h bars without holes, about 261 for daily bars of weekdays."""
    return count / years


def simple_returns(equity: Floats, initial: float) -> Floats:
    """E_t / E_(t-1) - 1, each a fraction, the first against ``initial``; one per value of ``equity``."""
    levels = np.concatenate([[initial], equity])
    result: Floats = levels[1:] / levels[:-1] - 1.0
    return result


def calendar_returns(
    equity: Floats, close_ms: Integers, initial: float, unit: str
) -> tuple[npt.NDArray[np.str_], Floats]:
    """Returns of calendar months (``unit`` ``M``) or years (``Y``) in UTC, and their names (``2025-01``).

    A value closing exactly at midnight belongs to the period it ends.
    """
    # Less a millisecond, so that a close at midnight counts to the period that it ends.
    periods = (close_ms - 1).astype("datetime64[ms]").astype(f"datetime64[{unit}]")
    last = np.flatnonzero(np.append(periods[1:] != periods[:-1], True)) if len(periods) else np.empty(0, np.int64)
    return np.datetime_as_string(periods[last]), simple_returns(equity[last], initial)


def total_return_pct(initial: float, final: float) -> float:
    """(final / initial - 1) x 100, in percent."""
    return (final / initial - 1.0) * 100.0


def cagr_pct(initial: float, final: float, years: float) -> float:
    """((final / initial)^(1 / years) - 1) x 100, percent a year; below a month in proportion, -100 when all is lost."""
    if final <= 0.0:
        return -100.0
    if years <= 0.0:
        return 0.0
    # Compounding a few days to a year makes astronomical figures of ordinary weeks.
    if years < MONTH_OF_YEAR:
        return (final / initial - 1.0) / years * 100.0
    return (math.pow(final / initial, 1.0 / years) - 1.0) * 100.0


def volatility_pct(returns: Floats, per_year: float) -> float:
    """Sample standard deviation of returns in percent a year: x sqrt(periods per year) x 100; 0 for fewer than two."""
    return float(np.std(returns, ddof=1)) * math.sqrt(per_year) * 100.0 if len(returns) > 1 else 0.0


def buy_and_hold(close: Floats, initial: float) -> Floats:
    """Equity of holding from the first close, quote currency: initial x close_t / close_0."""
    result: Floats = initial * close / close[0]
    return result


def stability(equity: Floats) -> float:
    """R squared of a straight line through the equity curve; 0 for a constant one."""
    if len(equity) < 2 or np.ptp(equity) == 0.0:
        return 0.0
    return float(np.corrcoef(np.arange(len(equity)), equity)[0, 1] ** 2)
