"""What the venue keeps of contracts beside their bars: funding, open interest, mark prices.

An hourly run asks for the day of the newest wave and the one before it, of all instruments; older days are launched
like those of bars.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg

from trading_pipeline.adapters.stores.market_data.series_store import (
    PostgresSeriesStore,
    funding_store,
    mark_store,
    open_interest_store,
)
from trading_pipeline.defs.market_data.feed import PUBLIC_STREAM
from trading_pipeline.defs.market_data.partitions import GRID, SINGLE_RUN, UNIVERSE, scope_of
from trading_pipeline.defs.operations.queues import housekeeping_tags
from trading_pipeline.defs.operations.verdicts import judged
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import HOUR, LONGEST_FUNDING
from trading_pipeline.ports.venue.reference_data import ReferenceData
from trading_pipeline.resources.beside import SCHEDULES
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.refresh_series import LATE, Ask, refresh_series, series_holes

COMPLETE = "no_hole"


@dataclass(frozen=True, slots=True)
class Series:
    """One of them.

    :param longest: between two rows.
    """

    name: str
    description: str
    longest: timedelta
    ask: Callable[[ReferenceData], Ask[Any]]
    store: Callable[..., PostgresSeriesStore[Any]]


_SERIES = (
    Series(
        "funding_rates",
        "Funding as it was settled.",
        LONGEST_FUNDING,
        lambda venue: venue.funding_rates,
        funding_store,
    ),
    Series(
        "open_interest", "Contracts held, at each hour.", HOUR, lambda venue: venue.open_interest, open_interest_store
    ),
    Series("mark_bars", "The mark price over each hour.", HOUR, lambda venue: venue.mark_bars, mark_store),
)


def _asset(series: Series) -> dg.AssetsDefinition:
    check = dg.AssetCheckSpec(
        COMPLETE,
        asset=series.name,
        description=f"No two rows lie more than {series.longest} apart, and the newest is due.",
    )

    spec = dg.AssetSpec(
        series.name,
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"postgres"},
        description=f"{series.description} From the venue, by day and instrument.",
    )

    @dg.multi_asset(
        name=series.name,
        specs=[spec],
        check_specs=[check],
        partitions_def=GRID,
        backfill_policy=SINGLE_RUN,
        can_subset=True,
    )
    def refreshed(
        context: dg.AssetExecutionContext, stores: Stores, markets: Markets
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Ask the venue for the run's days and look for holes in all that is stored; the check alone only looks."""
        store, now = series.store(stores.engine, context.run.run_id), markets.clock().now()
        instrument_ids, failures = UNIVERSE.instrument_ids, dict[InstrumentId, str]()
        if context.selected_asset_keys:
            scope, venue = scope_of(context, UNIVERSE.finest), markets.venue().reference_data()
            if venue is None:
                raise dg.Failure(f"{UNIVERSE.venue} keeps no {series.name}: it has no such contracts")
            instrument_ids = scope.instrument_ids
            report = refresh_series(series.ask(venue), store, instrument_ids, scope.start, min(scope.end, now))
            failures |= report.failures
            yield dg.MaterializeResult(metadata={"rows": report.rows, "changed": report.changed})
        if context.selected_asset_check_keys:
            # a bar of an hour is there when the hour has ended
            holes = series_holes(store, instrument_ids, series.longest, now - LATE - HOUR)
            yield judged({**holes, **failures}, name=COMPLETE)

    return refreshed


series_assets = [_asset(series) for series in _SERIES]

series_job = dg.define_asset_job(
    "refresh_reference_series",
    selection=dg.AssetSelection.assets(*series_assets),
    executor_def=dg.in_process_executor,
    tags=housekeeping_tags(timedelta(minutes=30)),
    description="Ask the venue for funding, open interest and mark prices of days.",
)


@dg.schedule(
    name="reference_series_hourly",
    job=series_job,
    # Twelve past: rows of the full hour count as missing after ten minutes.
    cron_schedule="12 * * * *",
    description="Ask for funding, open interest and mark prices of the newest wave's day and the one before it.",
    default_status=SCHEDULES,
)
def hourly_series(stores: Stores) -> dg.RunRequest | dg.SkipReason:
    """The day is that of the venue's time: a simulated venue lives on another one than the wall."""
    newest = stores.waves.newest()
    if newest is None:
        return dg.SkipReason("no close was heard yet")
    # The day before as well, because its last hours are told only after midnight.
    first = max(newest - timedelta(days=1), UNIVERSE.history_start)
    return dg.RunRequest(
        tags={
            "dagster/asset_partition_range_start": f"{first:%Y-%m-%d}|{UNIVERSE.instrument_ids[0]}",
            "dagster/asset_partition_range_end": f"{newest:%Y-%m-%d}|{UNIVERSE.instrument_ids[-1]}",
        }
    )
