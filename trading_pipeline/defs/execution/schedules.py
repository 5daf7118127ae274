"""Reconciliation by the clock, whatever else happens."""

import dagster as dg

from trading_pipeline.defs.execution.jobs import reconcile
from trading_pipeline.defs.operations.attempts import under_way
from trading_pipeline.resources.beside import SCHEDULES


@dg.schedule(
    name="reconcile_every_minute",
    job=reconcile,
    cron_schedule="* * * * *",
    description="Compare venue and ledger every minute; where they disagree twice, the instrument is halted.",
    default_status=SCHEDULES,
)
def every_minute(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One comparison at a time: a venue that does not answer must not pile them up."""
    if under_way(context.instance, reconcile.name):
        return dg.SkipReason("The last comparison has not ended.")
    return dg.RunRequest()
