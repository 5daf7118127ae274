"""Calibrations in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, insert, null, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.research_tables import avi5_calibrations
from trading_pipeline.domain.model.calibrations import Calibration, HourlyTheta
from trading_pipeline.ports.stores.research.calibration_store import CalibrationStore

_TABLE = avi5_calibrations.c
_NEWEST_FIRST = _TABLE.calibrated_at.desc(), _TABLE.calibration_id.desc()


class PostgresCalibrationStore(CalibrationStore):
    """Inserts and reads; nothing is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, calibration: Calibration, run_id: str) -> None:
        """One row; what has no histogram has SQL's null, not JSON's."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(avi5_calibrations).values(
                    calibrated_at=calibration.at,
                    window_start=calibration.start,
                    window_split=calibration.split,
                    hours=[hour.as_row() for hour in calibration.hours],
                    histogram=null() if calibration.histogram is None else list(calibration.histogram),
                    psi=calibration.psi,
                    stable=calibration.stable,
                    trades=calibration.trades,
                    run_id=run_id,
                )
            )

    def newest(self, by: datetime) -> Calibration | None:
        """The one made last; of two made at one instant the one kept last."""
        wanted = select(avi5_calibrations).where(_TABLE.calibrated_at <= by, _TABLE.trades > 0)
        with reading(self._engine) as connection:
            row = connection.execute(wanted.order_by(*_NEWEST_FIRST).limit(1)).one_or_none()
        if row is None:
            return None
        return Calibration(
            at=row.calibrated_at,
            start=row.window_start,
            split=row.window_split,
            hours=tuple(HourlyTheta(**hour) for hour in row.hours),
            histogram=None if row.histogram is None else tuple(row.histogram),
            psi=row.psi,
            stable=row.stable,
            trades=row.trades,
        )

    def newest_histogram(self) -> Sequence[float] | None:
        """The same order among those that have one."""
        wanted = select(_TABLE.histogram).where(_TABLE.histogram.is_not(None)).order_by(*_NEWEST_FIRST).limit(1)
        with reading(self._engine) as connection:
            found: list[float] | None = connection.execute(wanted).scalar()
        return found
