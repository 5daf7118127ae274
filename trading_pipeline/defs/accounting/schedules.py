"""When the marts are rebuilt."""

import dagster as dg

from trading_pipeline.defs.accounting.assets import closed_trades
from trading_pipeline.resources.beside import SCHEDULES

hourly_marts = dg.ScheduleDefinition(
    name="marts_hourly",
    target=dg.AssetSelection.assets(closed_trades),
    cron_schedule="5 * * * *",
    default_status=SCHEDULES,
)
