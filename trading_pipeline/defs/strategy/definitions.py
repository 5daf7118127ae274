"""Everything that Dagster knows of strategies: indicator snapshots, signals and trade plans."""

import dagster as dg

from trading_pipeline.defs.catalogue import catalogued
from trading_pipeline.defs.operations.freshness import fresh
from trading_pipeline.defs.strategy.assets import strategy_assets

defs = dg.Definitions(
    assets=fresh(catalogued([*strategy_assets])),
)
