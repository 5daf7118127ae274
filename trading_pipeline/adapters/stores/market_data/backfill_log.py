"""``backfill_runs`` in PostgreSQL."""

from sqlalchemy import Engine, func, insert, update

from trading_pipeline.adapters.stores.postgres.tables import backfill_runs
from trading_pipeline.domain.model.backfills import BackfillProgress, BackfillRun, BackfillStatus
from trading_pipeline.ports.stores.market_data.backfill_log import BackfillLog


class PostgresBackfillLog(BackfillLog):
    """One transaction per call, so that a record outlives whatever fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, run: BackfillRun) -> None:
        """Insert the row."""
        row = {
            "run_id": run.run_id,
            "source": run.source.value,
            "instrument_id": run.instrument_id,
            "timeframe": run.timeframe.value,
            "status": BackfillStatus.RUNNING.value,
            "actor": run.actor,
            "params": dict(run.params),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(backfill_runs).values(**row))

    def progress(self, run_id: str, progress: BackfillProgress) -> None:
        """Update its counts."""
        self._update(run_id, progress)

    def end(self, run_id: str, status: BackfillStatus, progress: BackfillProgress, error: str = "") -> None:
        """Update everything that an end says."""
        self._update(run_id, progress, status=status.value, error=error, finished_at=func.clock_timestamp())

    def _update(self, run_id: str, progress: BackfillProgress, **values: object) -> None:
        counts = {"upserts": progress.upserts, "pages": progress.pages, "truncated": progress.truncated}
        statement = update(backfill_runs).where(backfill_runs.c.run_id == run_id).values(**counts, **values)
        with self._engine.begin() as connection:
            connection.execute(statement)
