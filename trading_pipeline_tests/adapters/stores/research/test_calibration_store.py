"""Calibrations in a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline.domain.model.calibrations import Calibration, HourlyTheta

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


def test_the_newest_calibration_by_an_instant_comes_back_whole(database: Engine) -> None:
    store = PostgresCalibrationStore(database)
    for made in (MADE, replace(MADE, at=AT + WEEK, psi=None, histogram=None)):
        store.append(made, "run-1")
    assert store.newest(AT - timedelta(seconds=1)) is None
    assert store.newest(AT) == MADE
    assert store.newest(AT + 2 * WEEK) == replace(MADE, at=AT + WEEK, psi=None, histogram=None)


def test_a_calibration_on_nothing_teaches_nothing(database: Engine) -> None:
    store = PostgresCalibrationStore(database)
    for made in (MADE, replace(MADE, at=AT + WEEK, trades=0)):
        store.append(made, "run-1")
    assert store.newest(AT + 2 * WEEK) == MADE
