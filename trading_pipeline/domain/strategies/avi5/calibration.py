"""Calibration of AVI-5: the least imbalance per UTC hour, and whether its basis has drifted.

theta(h) is the least absolute signed imbalance for an entry in hour h. It is found on a training
window, kept only if it holds on the window after it, and made again when the distribution of the
predicted probabilities has moved away from the one it was made on.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.model.calibrations import HourlyTheta
from trading_pipeline.domain.model.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The numbers of the specification; docs/decisions/0034 has them together.
GLOBAL_THETA = 0.35
# Rounded, because sums of 0.01 are not the floats that anybody would write.
THETAS: tuple[float, ...] = tuple(round(0.15 + 0.01 * step, 2) for step in range(36))
MIN_TRADES = 30
MIN_OUT_OF_SAMPLE_FACTOR = 1.3
MAX_PSI = 0.20
_DEAD_FACTOR = 1.0
_BINS = 10
# The logarithm needs something; an empty bin beside a full one is drift, and counts as much of it.
_EMPTY_BIN = 1e-6


@dataclass(frozen=True, slots=True)
class Trades:
    """Simulated trades taken at every trigger, whatever the imbalance was.

    :param hour: UTC hour of the entry, 0 to 23.
    :param imbalance: absolute signed imbalance at the entry, 0 to 1.
    :param result_r: net result in R.
    """

    hour: Integers
    imbalance: Floats
    result_r: Floats

    def __post_init__(self) -> None:
        if not len(self.hour) == len(self.imbalance) == len(self.result_r):
            raise DataError(
                f"{len(self.hour)} hours, {len(self.imbalance)} imbalances and {len(self.result_r)} results: "
                "need one of each per trade"
            )


def profit_factor(results: Floats) -> float | None:
    """Sum of gains over sum of losses in R, a ratio of at most 100; ``None`` when there is nothing to divide."""
    gains, losses = float(results[results > 0].sum()), float(-results[results < 0].sum())
    if losses == 0:
        return 100.0 if gains > 0 else None
    return min(100.0, gains / losses)


def calibrate(training: Trades, out_of_sample: Trades) -> tuple[HourlyTheta, ...]:
    """Thresholds for all 24 hours.

    Per hour the threshold with the largest profit factor among those with at least 30 trades, the
    lowest on a tie. It is used if the profit factor on the later window is 1.3 or more, else 0.35 is.
    """
    return tuple(_calibrate_hour(hour, training, out_of_sample) for hour in range(24))


def _calibrate_hour(hour: int, training: Trades, later: Trades) -> HourlyTheta:
    """The threshold of one hour."""
    mine = training.hour == hour
    strength, results = training.imbalance[mine], training.result_r[mine]
    best: tuple[float, float] | None = None
    for theta in THETAS:
        taken = results[strength >= theta]
        factor = profit_factor(taken) if len(taken) >= MIN_TRADES else None
        # By more than rounding, so that the lowest threshold wins a tie.
        if factor is not None and (best is None or beyond(factor, best[1], factor) > 0):
            best = (theta, factor)
    if best is None:
        return HourlyTheta(hour, GLOBAL_THETA, False, len(results), None, None)
    theta, factor = best
    after = profit_factor(later.result_r[(later.hour == hour) & (later.imbalance >= theta)])
    holds = after is not None and beyond(after, MIN_OUT_OF_SAMPLE_FACTOR, after) >= 0
    dead = bool(beyond(factor, _DEAD_FACTOR, factor) < 0)
    return HourlyTheta(hour, theta if holds else GLOBAL_THETA, dead, len(results), factor, after)


def histogram(probabilities: Floats) -> Floats:
    """Shares (fractions) in ten equal bins of 0 to 1; values outside fall into the first and last bin.

    :raises DataError: no probabilities: keep the baseline there is.
    """
    if not len(probabilities):
        raise DataError("no probabilities in the window: keep the baseline there is")
    place = np.clip(np.floor(probabilities * _BINS), 0, _BINS - 1).astype(np.int64)
    return np.bincount(place, minlength=_BINS) / len(probabilities)


@dataclass(frozen=True, slots=True)
class Drift:
    """Population stability index, ``None`` when it could not be computed, and the verdict."""

    psi: float | None
    stable: bool


def drift(baseline: Floats | None, current: Floats | None) -> Drift:
    """Population stability index of two histograms: sum of (a - e) ln(a / e); up to 0.20 is stable.

    Empty bins count as 1e-6. Without a baseline or a current histogram nothing is known, so it is not
    stable. Source: the index of credit scoring (D. Wu, D. Olson, Enterprise Risk Management, 2010).
    """
    if baseline is None or current is None:
        return Drift(None, False)
    if len(baseline) != len(current):
        raise DataError(f"histograms of {len(baseline)} and {len(current)} bins cannot be compared")
    expected, actual = (np.where(values > 0, values, _EMPTY_BIN) for values in (baseline, current))
    psi = float(((actual - expected) * np.log(actual / expected)).sum())
    return Drift(psi, psi <= MAX_PSI)


def training_days(found: Drift) -> int:
    """Length of the next training window: 180 days, 90 after a drift."""
    return 90 if found.psi is not None and not found.stable else 180
