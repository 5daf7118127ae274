"""When research repeats itself."""

import dagster as dg

from trading_pipeline.defs.research.calibration import avi5_calibration
from trading_pipeline.defs.research.parity import parity

daily_parity = dg.ScheduleDefinition(
    name="parity_daily", target=dg.AssetSelection.assets(parity), cron_schedule="20 0 * * *"
)
"""Off until switched on in the UI: a fresh system has nothing to compare."""

weekly_calibration = dg.ScheduleDefinition(
    name="avi5_calibration_weekly", target=dg.AssetSelection.assets(avi5_calibration), cron_schedule="40 0 * * 1"
)
"""Off until AVI-5 is in use."""
