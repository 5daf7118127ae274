"""The Celery application that ``celery -A`` names: executes Dagster runs in resident processes."""

import os

from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task, create_resume_job_task

_BROKER_URL = os.environ["CELERY_BROKER_URL"]

app = make_app(
    {
        "broker": _BROKER_URL,
        "backend": _BROKER_URL,
        "config_source": {
            "worker_prefetch_multiplier": 1,
            "broker_connection_retry_on_startup": True,
            # a run that was reserved but not begun when its worker died is delivered again after this time
            # Redis answers at once when a task comes. How long it is asked to wait for one delays the end of a worker
            # alone, by seconds
            "broker_transport_options": {"visibility_timeout": 30, "polling_interval": 3},
            "worker_hijack_root_logger": False,
            # else every line that a run prints is a warning
            "worker_redirect_stdouts": False,
        },
    }
)
execute_job = create_execute_job_task(app)
resume_job = create_resume_job_task(app)
