"""Momentum: float64 in, same length out, NaN until warmed up."""

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.indicators.bands import donchian
from trading_pipeline.domain.indicators.moving_averages import ema, wilder
from trading_pipeline.domain.indicators.ties import difference
from trading_pipeline.domain.indicators.windows import rolling_sum, shifted

Floats = npt.NDArray[np.float64]


def macd(close: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats, Floats]:
    """Line, signal and histogram, in quote currency.

    Line = EMA(fast) - EMA(slow), each seeded on its own first values, defined from ``slow - 1``;
    signal = EMA of the line seeded on its first ``signal`` real values, defined from
    ``slow + signal - 2``. TA-Lib's own MACD starts the fast average late, so the line is composed here.
    Source: G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979.
    """
    line = ema(close, fast) - ema(close, slow)
    # TA-Lib refuses an input without one number; such a line has no signal either.
    average = ema(line, signal) if np.isfinite(line).any() else line
    return line, average, line - average


def rsi(close: Floats, period: int) -> Floats:
    """Relative strength index, 0 to 100, Wilder's smoothing; defined from index ``period``.

    100 when there was no loss; 50 when the price has not moved at all. Not TA-Lib's, which says 0 there and
    for moves below 1e-14 of whatever unit. Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
    """
    change = difference(close, shifted(close))
    gain, loss = wilder(np.maximum(change, 0.0), period), wilder(np.maximum(-change, 0.0), period)
    return _share(gain, gain + loss, 50.0)


def stochastic(high: Floats, low: Floats, close: Floats, period: int, smoothing: int) -> tuple[Floats, Floats]:
    """%K and %D, 0 to 100: the close's place in the range of ``period`` bars, and its mean.

    Defined from index ``period - 1`` and ``smoothing - 1`` later; 50 where the range is zero. Source:
    G. Lane, the fast form.
    """
    upper, lower = donchian(high, low, period)
    k = _share(difference(close, lower), difference(upper, lower), 50.0)
    return k, rolling_sum(k, smoothing) / smoothing


def adx(high: Floats, low: Floats, close: Floats, period: int) -> Floats:  # noqa: ARG001 - as it is called everywhere
    """Average directional index, 0 to 100: strength of a trend without its direction.

    A move up that equals the move down counts for neither side. The true range, which both sides are divided by,
    cancels out of their ratio, and the close with it. Defined from index ``2 * period - 1``, the bar
    before the first counting as no move, as with TA-Lib. Source: Wilder 1978.
    """
    rise, fall = difference(high, shifted(high)), difference(shifted(low), low)
    # Not NaN: the averages would begin a bar later, with another seed than TA-Lib's.
    rise[:1] = fall[:1] = 0.0
    up = wilder(np.where((rise > fall) & (rise > 0), rise, 0.0), period)
    down = wilder(np.where((fall > rise) & (fall > 0), fall, 0.0), period)
    directional = _share(np.abs(up - down), up + down, 0.0)
    # The averages have a value at `period - 1` already; TA-Lib's first directional value stands at `period`.
    directional[:period] = np.nan
    return wilder(directional, period)


def _share(part: Floats, whole: Floats, otherwise: float) -> Floats:
    """``part`` in percent of ``whole``; ``otherwise`` where that is zero, NaN where it is NaN."""
    share: Floats = np.divide(100 * part, whole, out=np.full(len(whole), otherwise), where=whole > 0)
    share[np.isnan(whole)] = np.nan
    return share
