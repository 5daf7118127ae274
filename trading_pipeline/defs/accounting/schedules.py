"""When the marts are rebuilt."""

import dagster as dg

from trading_pipeline.defs.accounting.assets import mart_assets
from trading_pipeline.resources.beside import SCHEDULES

hourly_marts = dg.ScheduleDefinition(
    name="marts_hourly",
    target=dg.AssetSelection.assets(mart_assets),
    cron_schedule="5 * * * *",
    description="Build the marts and ask their checks, five minutes past each hour.",
    default_status=SCHEDULES,
)
