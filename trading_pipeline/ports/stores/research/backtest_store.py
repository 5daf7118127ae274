"""Finished backtests: what is kept of one, and where.

Numbers of a backtest are float64, because they come from the engine's arrays; nothing is traded by them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from trading_pipeline.domain.model.backtest_runs import RunRecord, RunSummary


class BacktestStore(ABC):
    """The tables ``backtest_runs`` and ``backtest_trades``."""

    @abstractmethod
    def save(self, run: RunRecord) -> bool:
        """Keep a run in place of an earlier one of the same id.

        :returns: whether the id is new.
        """

    @abstractmethod
    def load(self, run_id: str) -> RunRecord:
        """The run whose id is or begins with ``run_id``.

        :raises DataError: there is no such run, or several begin like this.
        """

    @abstractmethod
    def delete(self, run_id: str) -> bool:
        """Forget the run of exactly this id, and its trades.

        :returns: whether there was one.
        """

    @abstractmethod
    def newest(self, limit: int) -> Sequence[RunSummary]:
        """The runs stored last, newest first."""
