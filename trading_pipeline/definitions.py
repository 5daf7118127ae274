"""The one entry point: every definition by name, and what holds for all of them."""

import dagster as dg

from trading_pipeline.defs.accounting.assets import mart_assets
from trading_pipeline.defs.accounting.schedules import hourly_marts
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
from trading_pipeline.defs.execution.schedules import every_minute
from trading_pipeline.defs.execution.sensors import trade_plan_sensor
from trading_pipeline.defs.market_data.assets import bars
from trading_pipeline.defs.market_data.catch_up import catch_up_job, missed_days_sensor
from trading_pipeline.defs.market_data.feed import feed_assets
from trading_pipeline.defs.market_data.jobs import bar_close_job
from trading_pipeline.defs.market_data.sensors import bar_close_sensor
from trading_pipeline.defs.operations.check_sensor import failed_check_sensor
from trading_pipeline.defs.operations.feed_sensor import dead_feed_sensor
from trading_pipeline.defs.operations.freshness import fresh
from trading_pipeline.defs.operations.jobs import close_position, halt, kill_switch, resume
from trading_pipeline.defs.operations.purge import nightly_purge, purge
from trading_pipeline.defs.operations.sensors import failed_run_sensor
from trading_pipeline.defs.research.backtests import backtests
from trading_pipeline.defs.research.calibration import avi5_calibration
from trading_pipeline.defs.research.parity import parity
from trading_pipeline.defs.research.schedules import daily_parity, weekly_calibration
from trading_pipeline.defs.resources import RESOURCES
from trading_pipeline.defs.strategy.assets import strategy_assets

defs = dg.Definitions(
    assets=fresh(
        catalogued(
            [
                *feed_assets,
                bars,
                *strategy_assets,
                *ledger_assets,
                mart_assets,
                backtests,
                parity,
                avi5_calibration,
            ]
        )
    ),
    jobs=[
        bar_close_job,
        catch_up_job,
        execute_plans,
        manage_and_execute,
        manage_open_positions,
        follow_booked_fills,
        reconcile,
        halt,
        resume,
        kill_switch,
        close_position,
        purge,
    ],
    sensors=[
        bar_close_sensor,
        missed_days_sensor,
        trade_plan_sensor,
        fill_sensor,
        failed_run_sensor,
        failed_check_sensor,
        dead_feed_sensor,
    ],
    schedules=[every_minute, hourly_marts, daily_parity, weekly_calibration, nightly_purge],
    resources=RESOURCES,
    # the multiprocess default starts an interpreter per step, 1.6 s each
    executor=dg.in_process_executor,
)
