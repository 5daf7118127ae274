"""Everything that Dagster knows of operating: what a person may launch, alerts, and the nightly purge."""

import dagster as dg

from trading_pipeline.defs.operations.check_sensor import failed_check_sensor
from trading_pipeline.defs.operations.feed_sensor import dead_feed_sensor
from trading_pipeline.defs.operations.jobs import OPERATOR_JOBS
from trading_pipeline.defs.operations.purge import nightly_purge, purge
from trading_pipeline.defs.operations.sensors import failed_run_sensor

defs = dg.Definitions(
    jobs=[*OPERATOR_JOBS, purge],
    sensors=[failed_run_sensor, failed_check_sensor, dead_feed_sensor],
    schedules=[nightly_purge],
)
