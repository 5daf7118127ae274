"""Stores in memory."""

from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.books import BookSample
from trading_pipeline.domain.model.calibrations import Calibration
from trading_pipeline.ports.stores.market_data.book_store import BookSampleStore
from trading_pipeline.ports.stores.research.calibration_store import CalibrationStore


class BookShelf(BookSampleStore):
    """Samples as they came.

    :ivar kept: all of them.
    """

    def __init__(self) -> None:
        self.kept: list[BookSample] = []

    def append(self, sample: BookSample) -> None:
        """Keep it unless one about its close is there."""
        known = {(one.instrument_id, one.close_time) for one in self.kept}
        if (sample.instrument_id, sample.close_time) not in known:
            self.kept.append(sample)

    def samples(self, instrument_id: str, first: datetime, last: datetime) -> Sequence[BookSample]:
        """By time."""
        wanted = [one for one in self.kept if one.instrument_id == instrument_id and first <= one.close_time <= last]
        return sorted(wanted, key=lambda sample: sample.close_time)


class CalibrationShelf(CalibrationStore):
    """Calibrations as they came.

    :ivar kept: all of them.
    """

    def __init__(self) -> None:
        self.kept: list[Calibration] = []

    def append(self, calibration: Calibration, run_id: str) -> None:
        """Keep it."""
        assert run_id
        self.kept.append(calibration)

    def newest(self, by: datetime) -> Calibration | None:
        """Of those made from trades."""
        return max((one for one in self._latest_first() if one.at <= by and one.trades), key=_made_at, default=None)

    def newest_histogram(self) -> Sequence[float] | None:
        """Of those that have one."""
        found = max((one for one in self._latest_first() if one.histogram), key=_made_at, default=None)
        return None if found is None else found.histogram

    def _latest_first(self) -> Sequence[Calibration]:
        """So that of two made at one instant the one kept last is found."""
        return self.kept[::-1]


def _made_at(calibration: Calibration) -> datetime:
    return calibration.at
