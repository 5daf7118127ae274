"""Calibrations of AVI-5: every one that was ever made."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.calibrations import Calibration


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
        """Of the newest calibration that has one: fractions of its imbalances per bin."""
