"""Reconciliation by the clock, whatever else happens."""

import dagster as dg

from trading_pipeline.defs.execution.jobs import reconcile

every_minute = dg.ScheduleDefinition(
    name="reconcile_every_minute",
    job=reconcile,
    cron_schedule="* * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
