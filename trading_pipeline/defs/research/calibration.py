"""AVI-5's thresholds per hour, found anew every week."""

from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.calibrate_avi5 import JudgedSignal, calibrate_avi5

_STRATEGY = "avi5"
_LONGEST = timedelta(days=210)
"""180 days to find thresholds on and 30 to try them."""


@dg.asset(
    group_name="research",
    kinds={"postgres"},
    deps=[f"signals_{timeframe}" for timeframe in UNIVERSE.timeframes],
    description="Least imbalance for an entry per UTC hour, and whether its distribution has drifted. Append-only.",
)
def avi5_calibration(
    context: dg.AssetExecutionContext, stores: Stores, parameters: Parameters, markets: Markets
) -> dg.MaterializeResult[None]:
    """Judge the stored signals on the bars that followed, and calibrate on those with a recorded book."""
    # here alone: the engine brings its compiler
    from trading_pipeline.services.judge_signals import judge_signals

    now = markets.clock().now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    judged: list[JudgedSignal] = []
    plans = [plan for plan in parameters.strategies if plan.strategy.name == _STRATEGY]
    for plan in plans:
        for timeframe in plan.timeframes:
            for symbol in (one for one in UNIVERSE.symbols if plan.covers(one, timeframe)):
                signals = stores.signals.signals([symbol], timeframe, midnight - _LONGEST, now)
                bars = stores.bars.frame([symbol], timeframe, midnight - _LONGEST, timeframe.floor(now))
                judged += judge_signals([one for one in signals if one.strategy == _STRATEGY], bars) if signals else []
    made = calibrate_avi5(stores.calibrations, judged, now, context.run_id)
    return dg.MaterializeResult(
        metadata={
            "judged_signals": len(judged),
            "training_trades": made.trades,
            "psi": "nothing to compare" if made.psi is None else made.psi,
            "stable": made.stable,
            "theta": {str(hour.hour): hour.theta for hour in made.hours},
            "dead_hours": [hour.hour for hour in made.hours if hour.dead],
        }
    )
