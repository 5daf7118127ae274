"""Reconciliation by the clock, whatever else happens."""

import dagster as dg

from trading_pipeline.defs.execution.jobs import reconcile
from trading_pipeline.resources.beside import SCHEDULES

every_minute = dg.ScheduleDefinition(
    name="reconcile_every_minute",
    job=reconcile,
    cron_schedule="* * * * *",
    default_status=SCHEDULES,
)
