"""How far equity fell from its peaks, and rose from its troughs. The initial capital is the first peak."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall in percent of its peak.

    :param value: quote currency, at the same point as ``percent``.
    :param bars: from the peak to the trough.
    """

    percent: float
    value: float
    bars: int


def drawdown_series(equity: Floats, initial: float) -> Floats:
    """(peak - E) / peak at every point, a fraction; the peak is at least ``initial``."""
    peaks = np.maximum.accumulate(np.maximum(equity, initial))
    return (peaks - equity) / peaks


def max_drawdown(equity: Floats, initial: float) -> Drawdown:
    """The deepest drawdown, in percent of its peak and in quote currency; the first one if several are as deep."""
    falls = drawdown_series(equity, initial)
    if len(falls) == 0 or falls.max() == 0.0:
        return Drawdown(0.0, 0.0, 0)
    trough = int(np.argmax(falls))
    before = np.concatenate([[initial], equity[: trough + 1]])
    # The last bar at the peak; index 0 is the initial capital, one bar before the first.
    peak = len(before) - 1 - int(np.argmax(before[::-1]))
    return Drawdown(float(falls[trough]) * 100.0, float(before[peak] - equity[trough]), trough + 1 - peak)


def average_drawdown_pct(equity: Floats, initial: float) -> float:
    """Mean of the drawdown over all points, in percent."""
    return float(np.mean(drawdown_series(equity, initial))) * 100.0 if len(equity) else 0.0


def ulcer_index(equity: Floats, initial: float) -> float:
    """sqrt(mean drawdown^2), in percent.

    Source: P. Martin and B. McCann, The Investor's Guide to Fidelity Funds, 1989.
    """
    return float(np.sqrt(np.mean(drawdown_series(equity, initial) ** 2))) * 100.0 if len(equity) else 0.0


def max_runup(equity: Floats, initial: float) -> tuple[float, float]:
    """Largest rise above the running minimum: quote currency, and percent of that minimum."""
    if len(equity) == 0:
        return 0.0, 0.0
    levels = np.concatenate([[initial], equity])
    lows = np.minimum.accumulate(levels)
    at = int(np.argmax(levels - lows))
    rise = float(levels[at] - lows[at])
    # An account that fell to zero has no minimum that a rise could be a share of.
    return rise, rise / float(lows[at]) * 100.0 if lows[at] > 0.0 else 0.0


def max_drawdown_r(r_multiples: Floats) -> float:
    """Minimum of (cumulated R - its running peak) in R, the peak starting at 0; never positive."""
    total = np.concatenate([[0.0], np.cumsum(r_multiples)])
    return float(np.min(total - np.maximum.accumulate(total)))
