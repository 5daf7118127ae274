"""The second line of alarms: a run that failed tells the operator."""

import dagster as dg

from trading_pipeline.ports.notifications import Severity
from trading_pipeline.resources.alerts import Alerts
from trading_pipeline.resources.beside import SENSORS


@dg.run_failure_sensor(
    default_status=SENSORS,
    description="Tells the operator of every run that failed: its job, its wave and why.",
)
def failed_run_sensor(context: dg.RunFailureSensorContext, alerts: Alerts) -> None:
    """Name the job, the wave and the run; orders were already alarmed about by the code that sent them."""
    run = context.dagster_run
    wave = run.tags.get("wave", "none")
    alerts.notifier().notify(
        Severity.WARNING,
        f"run failed: {run.job_name}",
        f"Run {run.run_id}, wave {wave}: {context.failure_event.message}. Sensors request the work again; "
        "look at the run if this repeats.",
    )
