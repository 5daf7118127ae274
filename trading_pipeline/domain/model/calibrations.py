"""Thresholds of a strategy as they were found from what its triggers would have earned."""

from dataclasses import asdict, dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HourlyTheta:
    """What was found for one hour.

    :param hour: UTC hour of the entry, 0 to 23.
    :param theta: least absolute signed imbalance of the book for an entry, 0 to 1.
    :param dead: even the best threshold lost money on enough trades: no entries.
    :param trades: triggers in the hour of the training window, whatever their imbalance.
    :param profit_factor: on the training window, at its best threshold; ``None`` with too few trades.
    :param out_of_sample_factor: on the window after it; ``None`` without trades there.
    """

    hour: int
    theta: float
    dead: bool
    trades: int
    profit_factor: float | None
    out_of_sample_factor: float | None

    def as_row(self) -> dict[str, object]:
        """JSON-ready, for storage."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration.

    :param start: of the training window, which ends at ``split``; from there to ``at`` it was tried.
    :param histogram: of the imbalances it was made on, per bin a fraction of them all; ``None`` without any.
    :param psi: population stability index since the calibration before, 0 for none; ``None`` when there was nothing
        to compare.
    :param trades: in the training window.
    """

    at: datetime
    start: datetime
    split: datetime
    hours: tuple[HourlyTheta, ...]
    histogram: tuple[float, ...] | None
    psi: float | None
    stable: bool
    trades: int
