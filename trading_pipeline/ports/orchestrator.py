"""Handing work to the orchestrator, and looking at what became of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from trading_pipeline.domain.model.launched import LaunchedJob, RunShown, RunsQuestion


class JobLauncher(ABC):
    """Launches jobs; whatever sends an order is one."""

    @abstractmethod
    def launch(self, job: str, ops: Mapping[str, Mapping[str, object]]) -> LaunchedJob:
        """Request a run and return at once.

        :param ops: config of each op.
        :raises ServerAway: the orchestrator does not answer.
        :raises ConfigurationError: it refuses the job or its config.
        """

    @abstractmethod
    def backfill(self, assets: Sequence[str], partitions: Sequence[str], title: str) -> LaunchedJob:
        """Request the materialisation of partitions and return at once.

        :param partitions: keys of the grid, ``2025-11-03|BTCUSDT.BYBIT``.
        :returns: with the id of the backfill.
        :raises ServerAway: the orchestrator does not answer.
        :raises DataError: it has no such asset or partition.
        """

    @abstractmethod
    def runs(self, question: RunsQuestion) -> Sequence[RunShown]:
        """Runs that it knows, newest first.

        :raises ServerAway: the orchestrator does not answer.
        :raises ConfigurationError: it refuses the question.
        """

    @abstractmethod
    def page_of(self, run_id: str) -> str:
        """Address of a run's page; empty where there is no UI."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that it answers.

        :raises ServerAway: it does not.
        """
