"""Everything that Dagster knows of market data: streams, bars, the wave of a close and days that were missed."""

import dagster as dg

from trading_pipeline.defs.catalogue import catalogued
from trading_pipeline.defs.market_data.assets import bars
from trading_pipeline.defs.market_data.catch_up import catch_up_job, missed_days_sensor
from trading_pipeline.defs.market_data.condition_checks import condition_checks, conditions_job, hourly_conditions
from trading_pipeline.defs.market_data.feed import feed_assets
from trading_pipeline.defs.market_data.instruments import (
    daily_instruments,
    instruments,
    instruments_job,
    refused_order_sensor,
)
from trading_pipeline.defs.market_data.jobs import bar_close_job
from trading_pipeline.defs.market_data.reference_series import hourly_series, series_assets, series_job
from trading_pipeline.defs.market_data.sensors import bar_close_sensor
from trading_pipeline.defs.operations.freshness import fresh

defs = dg.Definitions(
    assets=fresh(catalogued([*feed_assets, instruments, *series_assets, bars])),
    asset_checks=condition_checks,
    jobs=[bar_close_job, catch_up_job, conditions_job, instruments_job, series_job],
    schedules=[hourly_conditions, daily_instruments, hourly_series],
    sensors=[bar_close_sensor, missed_days_sensor, refused_order_sensor],
)
