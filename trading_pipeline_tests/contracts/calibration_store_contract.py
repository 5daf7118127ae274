"""What ``CalibrationStore`` promises, whoever keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trading_pipeline.domain.model.calibrations import Calibration, HourlyTheta
from trading_pipeline.ports.stores.research.calibration_store import CalibrationStore

AT = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
MADE = Calibration(
    at=AT,
    start=AT - 30 * WEEK,
    split=AT - 4 * WEEK,
    hours=tuple(HourlyTheta(hour, 0.21, hour == 3, 40, 1.5, None) for hour in range(24)),
    histogram=(0.5, 0.5),
    psi=0.01,
    stable=True,
    trades=40,
)
LATER = replace(MADE, at=AT + WEEK, psi=None, histogram=None)


class CalibrationStoreContract:
    """Give the fixture ``calibrations``, which is empty."""

    def test_before_the_first_there_is_none(self, calibrations: CalibrationStore) -> None:
        assert calibrations.newest(AT) is None
        assert calibrations.newest_histogram() is None

    def test_the_newest_calibration_by_an_instant_comes_back(self, calibrations: CalibrationStore) -> None:
        for made in (LATER, MADE):
            calibrations.append(made, "run-1")
        assert calibrations.newest(AT - timedelta(seconds=1)) is None
        assert calibrations.newest(AT) == MADE
        assert calibrations.newest(AT + 2 * WEEK) == LATER

    def test_of_two_made_at_one_instant_the_later_one_counts(self, calibrations: CalibrationStore) -> None:
        for psi in (0.1, 0.2):
            calibrations.append(replace(MADE, psi=psi), "run-1")
        assert calibrations.newest(AT) == replace(MADE, psi=0.2)

    def test_a_calibration_on_nothing_teaches_nothing(self, calibrations: CalibrationStore) -> None:
        for made in (MADE, replace(MADE, at=AT + WEEK, trades=0)):
            calibrations.append(made, "run-1")
        assert calibrations.newest(AT + 2 * WEEK) == MADE

    def test_the_histogram_is_of_the_newest_that_has_one(self, calibrations: CalibrationStore) -> None:
        for made in (replace(MADE, at=AT + WEEK, histogram=(0.25, 0.75)), MADE, replace(LATER, at=AT + 2 * WEEK)):
            calibrations.append(made, "run-1")
        assert tuple(calibrations.newest_histogram() or ()) == (0.25, 0.75)
