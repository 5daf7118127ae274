"""The record of histories that were loaded."""

from abc import ABC, abstractmethod

from trading_pipeline.domain.model.backfills import BackfillProgress, BackfillRun, BackfillStatus


class BackfillLog(ABC):
    """One row per run."""

    @abstractmethod
    def begin(self, run: BackfillRun) -> None:
        """Record that it runs, before the first bar."""

    @abstractmethod
    def progress(self, run_id: str, progress: BackfillProgress) -> None:
        """Record how far it has come."""

    @abstractmethod
    def end(self, run_id: str, status: BackfillStatus, progress: BackfillProgress, error: str = "") -> None:
        """Record what came of it."""
