"""Everything that Dagster knows of research: backtests, parity of live and backtest, calibrations."""

import dagster as dg

from trading_pipeline.defs.catalogue import catalogued
from trading_pipeline.defs.operations.freshness import fresh
from trading_pipeline.defs.research.backtests import backtests
from trading_pipeline.defs.research.calibration import avi5_calibration
from trading_pipeline.defs.research.parity import parity
from trading_pipeline.defs.research.schedules import daily_parity, weekly_calibration

defs = dg.Definitions(
    assets=fresh(catalogued([backtests, parity, avi5_calibration])),
    schedules=[daily_parity, weekly_calibration],
)
