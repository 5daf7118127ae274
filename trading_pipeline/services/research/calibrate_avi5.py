"""Find AVI-5's threshold of every hour anew, from what its triggers would have earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.model.calibrations import Calibration
from trading_pipeline.domain.model.signals import Signal
from trading_pipeline.domain.strategies.avi5.calibration import (
    Trades,
    calibrate,
    drift,
    histogram,
    training_days,
)
from trading_pipeline.ports.stores.research.calibration_store import CalibrationStore

# Days that the training does not see, on which a threshold has to hold.
OUT_OF_SAMPLE = timedelta(days=30)
IMBALANCE = "imbalance"
"""Evidence of a signal that was found with the book: the signed imbalance at its close, -1 to 1."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JudgedSignal:
    """A trigger, whatever the imbalance was, and its net result in R on the bars that followed."""

    signal: Signal
    result_r: float


def calibrate_avi5(store: CalibrationStore, judged: Sequence[JudgedSignal], now: datetime, run_id: str) -> Calibration:
    """Calibrate on the days before the last thirty, try it on those thirty, and keep the outcome.

    Signals without a recorded imbalance are left out: nothing is known about the book at their close.
    After a drift of the imbalances the training window is 90 days instead of 180.
    """
    known = [one for one in judged if IMBALANCE in one.signal.details]
    split = now - OUT_OF_SAMPLE
    before = store.newest_histogram()
    later = [one for one in known if split < one.signal.close_time <= now]
    found = drift(None if before is None else np.array(before), _histogram(later))
    start = split - timedelta(days=training_days(found))
    training = [one for one in known if start < one.signal.close_time <= split]
    # Over both windows: the next drift is measured from everything this calibration knew.
    basis = _histogram([*training, *later])
    calibration = Calibration(
        at=now,
        start=start,
        split=split,
        hours=calibrate(_trades(training), _trades(later)),
        histogram=None if basis is None else tuple(basis.tolist()),
        psi=found.psi,
        stable=found.stable,
        trades=len(training),
    )
    store.append(calibration, run_id)
    return calibration


def _trades(judged: Sequence[JudgedSignal]) -> Trades:
    return Trades(
        hour=np.array([one.signal.close_time.hour for one in judged], np.int64),
        imbalance=_strengths(judged),
        result_r=np.array([one.result_r for one in judged], np.float64),
    )


def _strengths(judged: Sequence[JudgedSignal]) -> Floats:
    return np.array([abs(float(str(one.signal.details[IMBALANCE]))) for one in judged], np.float64)


def _histogram(judged: Sequence[JudgedSignal]) -> Floats | None:
    return histogram(_strengths(judged)) if judged else None
