"""Who starts at once and who waits: trading takes a free process, everything else its place in the queue.

A run is handed to a worker when a process is free for it, so that none waits where Dagster takes waiting for a failed
start. See docs/decisions/0063.
"""

from dagster import DagsterRun, DagsterRunStatus, QueuedRunCoordinator, RunsFilter
from dagster._core.run_coordinator import SubmitRunContext
from dagster._utils.tags import TagConcurrencyLimitsCounter

from trading_pipeline.defs.operations.queues import BACKFILL, QUEUE_TAG, TRADING

_BACKFILL_ID_TAG = "dagster/backfill"
# A run that is being cancelled still holds its process.
_IN_A_PROCESS = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


class TradingFirstCoordinator(QueuedRunCoordinator):
    """Configured in dagster.yaml like the one it extends; ``tag_concurrency_limits`` tell what is free."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Launch a run of the trading queue where the limits allow one more, and queue every other."""
        run = context.dagster_run
        queue = self._put_in_queue(run)
        if queue != TRADING or run.status is not DagsterRunStatus.NOT_STARTED or self._has_to_wait(run):
            return super().submit_run(context)
        # Past the queue: its daemon looks once a second, and a wave would wait for that.
        return self._instance.launch_run(run.run_id, context.workspace)

    def _put_in_queue(self, run: DagsterRun) -> str:
        """The queue whose worker executes the run; a backfill of a trading job does not get the trading worker."""
        named = run.tags.get(QUEUE_TAG)
        queue = TRADING if named == TRADING and _BACKFILL_ID_TAG not in run.tags else BACKFILL
        if queue != named:
            self._instance.add_run_tags(run.run_id, {QUEUE_TAG: queue})
        return queue

    def _has_to_wait(self, run: DagsterRun) -> bool:
        limits = self.get_run_queue_config().tag_concurrency_limits
        going = self._instance.get_runs(RunsFilter(statuses=_IN_A_PROCESS))
        return TagConcurrencyLimitsCounter(limits, going).is_blocked(run)
