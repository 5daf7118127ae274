"""Venue against ledger as an asset: a person compares now, or looks at what a day had.

The job ``reconcile`` does more every minute: it settles, protects and halts, and tells this asset what it found.
"""

from collections.abc import Sequence

import dagster as dg

from trading_pipeline.defs.execution.ledger import DAYS
from trading_pipeline.defs.market_data.feed import PRIVATE_STREAM
from trading_pipeline.defs.market_data.partitions import SINGLE_RUN
from trading_pipeline.domain.risk.differences import KeptDifference
from trading_pipeline.resources.comparison import Comparison
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets


@dg.asset(
    deps=["orders", "positions", PRIVATE_STREAM],
    partitions_def=DAYS,
    backfill_policy=SINGLE_RUN,
    group_name="accounting",
    kinds={"python", "postgres"},
    description="Where venue and ledger disagreed twice in a row, by the day: compared now where the day is today's, "
    "read from the log where it is over. No order is sent, nothing is halted.",
)
def reconciliation(
    context: dg.AssetExecutionContext, stores: Stores, markets: Markets, comparison: Comparison
) -> dg.MaterializeResult[None]:
    """Compare where the day is not over, then tell every difference of the day with its life."""
    since, until = context.partition_time_window
    # A comparison says how it is now; of a day that is over the log alone knows.
    compared = since <= markets.clock().now() < until
    if compared:
        comparison.observe()
    kept = stores.operations.ledger_books.differences_between(since, until)
    return dg.MaterializeResult(metadata={"compared": compared, **_told(kept)})


def _told(kept: Sequence[KeptDifference]) -> dict[str, dg.MetadataValue]:
    standing = [one for one in kept if one.gone_at is None]
    return {
        "dagster/row_count": dg.MetadataValue.int(len(kept)),
        "standing": dg.MetadataValue.int(len(standing)),
        "differences": dg.MetadataValue.md("\n".join(f"- {_line(one)}" for one in kept) or "none"),
    }


def _line(kept: KeptDifference) -> str:
    one = kept.difference
    end = "stands" if kept.gone_at is None else f"gone {kept.gone_at:%Y-%m-%d %H:%M:%S}"
    seen = f"found {kept.found_at:%Y-%m-%d %H:%M:%S} UTC, seen {kept.sightings} times, {end}"
    return f"{one.account_id} {one.instrument_id} {one.kind}: {one.detail} ({seen})"
