"""The Celery launcher, with an end that people can order."""

from dagster import DagsterRunStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG


class ResidentWorkerLauncher(CeleryRunLauncher):
    """Configured in dagster.yaml like the one it extends."""

    def terminate(self, run_id: str) -> bool:
        """Ask the worker to end a run; whether there is one to end.

        The run is marked as being cancelled first: a run that is interrupted without that counts as failed, is alarmed
        about and requested again.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        if run.status is not DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        return super().terminate(run_id)
