"""Calibrations of AVI-5: every one that was ever made."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.strategies.avi5.calibration import HourlyTheta


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration.

    :param start: of the training window, which ends at ``split``; from there to ``at`` it was tried.
    :param histogram: shares of the imbalances it was made on, ``None`` without any.
    :param psi: drift since the calibration before, ``None`` when there was nothing to compare.
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


class CalibrationStore(ABC):
    """The table ``avi5_calibrations``, append-only."""

    @abstractmethod
    def append(self, calibration: Calibration, run_id: str) -> None:
        """Keep one more."""

    @abstractmethod
    def newest(self, by: datetime) -> Calibration | None:
        """The newest made at or before ``by`` from any trades at all, ``None`` when there is none."""

    @abstractmethod
    def newest_histogram(self) -> Sequence[float] | None:
        """Of the newest calibration that has one."""
