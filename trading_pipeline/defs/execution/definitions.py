"""Everything that Dagster knows of execution: the ledger as assets, and the jobs that send orders."""

import dagster as dg

from trading_pipeline.defs.catalogue import catalogued
from trading_pipeline.defs.execution.fill_sensor import fill_sensor
from trading_pipeline.defs.execution.jobs import (
    execute_plans,
    follow_booked_fills,
    manage_and_execute,
    manage_open_positions,
    reconcile,
)
from trading_pipeline.defs.execution.ledger import ledger_assets
from trading_pipeline.defs.execution.ledger_checks import ledger_checks, ledger_job, ledger_schedule
from trading_pipeline.defs.execution.reconciliation import reconciliation
from trading_pipeline.defs.execution.schedules import every_minute
from trading_pipeline.defs.execution.sensors import trade_plan_sensor
from trading_pipeline.defs.operations.freshness import fresh

defs = dg.Definitions(
    assets=fresh(catalogued([*ledger_assets, reconciliation])),
    asset_checks=ledger_checks,
    jobs=[execute_plans, manage_and_execute, manage_open_positions, follow_booked_fills, reconcile, ledger_job],
    sensors=[trade_plan_sensor, fill_sensor],
    schedules=[every_minute, ledger_schedule],
)
