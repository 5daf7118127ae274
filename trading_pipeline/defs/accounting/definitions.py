"""Everything that Dagster knows of accounting: the marts of finished trading."""

import dagster as dg

from trading_pipeline.defs.accounting.assets import mart_assets
from trading_pipeline.defs.accounting.schedules import hourly_marts
from trading_pipeline.defs.catalogue import catalogued
from trading_pipeline.defs.operations.freshness import fresh

defs = dg.Definitions(
    assets=fresh(catalogued([mart_assets])),
    schedules=[hourly_marts],
)
