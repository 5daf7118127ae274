"""AVI-5's thresholds per hour, found anew every week."""

from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.research.calibrate_avi5 import calibrate_avi5

_LONGEST = timedelta(days=210)
"""180 days to find thresholds on and 30 to try them."""


@dg.asset(
    group_name="research",
    kinds={"postgres"},
    deps=[f"bars_{timeframe}" for timeframe in UNIVERSE.timeframes],
    description="Least imbalance for an entry per UTC hour, and whether its distribution has drifted. Append-only.",
)
def avi5_calibration(
    context: dg.AssetExecutionContext, stores: Stores, parameters: Parameters, markets: Markets
) -> dg.MaterializeResult[None]:
    """Judge every trigger with a recorded book on the bars that followed, and calibrate on them."""
    # here alone: the engine brings its compiler
    from trading_pipeline.services.research.account_backtest import fees_of
    from trading_pipeline.services.research.judge_triggers import TriggerFacts, judge_triggers

    now = markets.clock().now()
    fees = fees_of(markets.market_data().instruments(), UNIVERSE.instrument_ids)
    facts = TriggerFacts(stores.bars, stores.checks, stores.books, fees)
    judged = judge_triggers(facts, parameters.strategies, UNIVERSE.instrument_ids, day_of(now) - _LONGEST, now)
    made = calibrate_avi5(stores.research.calibrations, judged, now, context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            "judged_triggers": len(judged),
            "training_trades": made.trades,
            "psi": "nothing to compare" if made.psi is None else made.psi,
            "stable": made.stable,
            "theta": {str(hour.hour): hour.theta for hour in made.hours},
            "dead_hours": [hour.hour for hour in made.hours if hour.dead],
        }
    )
