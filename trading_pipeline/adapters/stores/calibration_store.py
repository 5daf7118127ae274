"""Calibrations in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import Engine, insert, null, text

from trading_pipeline.adapters.stores.research_tables import avi5_calibrations
from trading_pipeline.ports.calibration_store import Calibration, CalibrationStore

_NEWEST = text("""
SELECT histogram FROM trading.avi5_calibrations WHERE histogram IS NOT NULL ORDER BY calibration_id DESC LIMIT 1
""")


class PostgresCalibrationStore(CalibrationStore):
    """Inserts and reads; nothing is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, calibration: Calibration, run_id: str) -> None:
        """See the port."""
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

    def newest_histogram(self) -> Sequence[float] | None:
        """See the port."""
        with self._engine.connect() as connection:
            found: list[float] | None = connection.execute(_NEWEST).scalar()
        return found
