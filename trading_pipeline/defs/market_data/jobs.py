"""The job of a wave: everything from bars to trade plans, in one process and one run."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.queues import Priority, trading_tags
from trading_pipeline.domain.model.stages import STAGES
from trading_pipeline.domain.model.timeframes import Timeframe


def wave_assets(timeframes: Sequence[Timeframe]) -> list[dg.AssetKey]:
    """The assets that have something to do when bars of ``timeframes`` close."""
    return [dg.AssetKey(f"{stage}_{timeframe}") for timeframe in timeframes for stage in STAGES]


bar_close_job = dg.define_asset_job(
    "bar_close",
    selection=dg.AssetSelection.assets(*wave_assets(UNIVERSE.timeframes)),
    executor_def=dg.in_process_executor,
    tags=trading_tags(Priority.WAVE, timedelta(minutes=10)),
    description="One run per closing instant over all instruments, and over the timeframes that close.",
)
