"""Checks of what the feed writes between bars: it comes, and it can be.

They decide about no trade; a red one tells the operator.
"""

from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.queues import housekeeping_tags
from trading_pipeline.defs.operations.verdicts import judged
from trading_pipeline.resources.beside import SCHEDULES
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.judge_conditions import stopped
from trading_pipeline.services.market_data.judge_tickers import judge_tickers

FEEDS = UNIVERSE.feeds


@dg.asset_check(
    asset="tickers",
    name="newest_is_sound",
    description="Every instrument has a ticker of moments ago: prices above 0, bid below ask, mark near the index.",
)
def tickers_sound(stores: Stores, markets: Markets) -> dg.AssetCheckResult:
    """Ask of the newest ticker of each instrument."""
    if not FEEDS.tickers.every:
        return judged({}, off=True)
    # a venue whose clock jumps from close to close tells nothing in between
    max_age = max(3 * FEEDS.tickers.every, UNIVERSE.finest.duration)
    now = markets.clock().now()
    return judged(judge_tickers(stores.conditions.tickers, UNIVERSE.instrument_ids, now, max_age))


def _comes(kind: str, max_age: timedelta, description: str, *, wanted: bool) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=kind, name="newest_is_recent", description=description)
    def comes(stores: Stores, markets: Markets) -> dg.AssetCheckResult:
        """Ask how old the newest row of each instrument is."""
        if not wanted:
            return judged({}, off=True)
        ages, now = stores.conditions.retention, markets.clock().now()
        return judged(stopped(ages, kind, UNIVERSE.instrument_ids, now, max_age))

    return comes


condition_checks = [
    tickers_sound,
    _comes(
        "book_snapshots",
        max(3 * FEEDS.book_snapshots.every, UNIVERSE.finest.duration),
        "Every instrument has a whole book of moments ago; one with a gap, or crossed, is never stored.",
        wanted=FEEDS.book_snapshots.depth > 0,
    ),
    _comes(
        "public_trades",
        # in a quiet market nobody trades for a while
        max(timedelta(hours=1), 2 * UNIVERSE.finest.duration),
        "Somebody traded every instrument within the last hour.",
        wanted=FEEDS.public_trades.wanted,
    ),
]

conditions_job = dg.define_asset_job(
    "check_conditions",
    selection=dg.AssetSelection.checks(*condition_checks),
    executor_def=dg.in_process_executor,
    tags=housekeeping_tags(timedelta(minutes=10)),
    description="Ask whether what stands between bars comes, and whether it can be.",
)

hourly_conditions = dg.ScheduleDefinition(
    name="conditions_hourly",
    job=conditions_job,
    cron_schedule="17 * * * *",
    description="Ask the checks of what stands between bars.",
    default_status=SCHEDULES,
)
