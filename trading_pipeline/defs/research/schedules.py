"""When research repeats itself."""

import dagster as dg

from trading_pipeline.defs.research.calibration import avi5_calibration
from trading_pipeline.defs.research.parity import parity

daily_parity = dg.ScheduleDefinition(
    name="parity_daily",
    target=dg.AssetSelection.assets(parity),
    cron_schedule="20 0 * * *",
    description="Compare the last month of the pipeline with the plain backtest of it, every night.",
)
"""Off until switched on in the UI: a fresh system has nothing to compare."""

weekly_calibration = dg.ScheduleDefinition(
    name="avi5_calibration_weekly",
    target=dg.AssetSelection.assets(avi5_calibration),
    cron_schedule="40 0 * * 1",
    description="Find AVI-5's thresholds anew every Monday; they apply from the next UTC day.",
)
"""Off until AVI-5 is in use."""
