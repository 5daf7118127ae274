"""Bars of every timeframe: complete, consolidated, and judged bar by bar.

One step for the timeframes of a run: at midnight all of them close, and a step of its own for each would take
longer than their bars.
"""

from collections.abc import Iterator

import dagster as dg

from trading_pipeline.adapters.plots.sparkline import pictures
from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.adapters.stores.postgres import tables
from trading_pipeline.defs.catalogue import ASKED
from trading_pipeline.defs.code_versions import CODE_VERSIONS
from trading_pipeline.defs.market_data.bars_metadata import metadata_of
from trading_pipeline.defs.market_data.checks import CHECKS, check_results, judged_alone
from trading_pipeline.defs.market_data.partitions import (
    DERIVATIONS,
    GRID,
    SINGLE_RUN,
    UNIVERSE,
    decision_digest,
    now_of,
    tell_partitions,
    timeframes_of,
    wave_of,
    wave_scope,
)
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.record_quality import record_quality
from trading_pipeline.services.market_data.refresh_bars import refresh_bars


def _spec(timeframe: Timeframe) -> dg.AssetSpec:
    base = DERIVATIONS.get(timeframe)
    origin = f"made of {base} bars, as the venue publishes none" if base else "what is missing is fetched first"
    return dg.AssetSpec(
        f"bars_{timeframe}",
        deps=["raw_bars"] if base is None else [f"bars_{base}"],
        group_name="market_data",
        kinds={"postgres"},
        description=f"Closed {timeframe} bars, one row per instrument and open time; {origin}.",
        code_version=CODE_VERSIONS["bars"],
    )


@dg.multi_asset(
    specs=[_spec(timeframe) for timeframe in UNIVERSE.timeframes],
    check_specs=[
        dg.AssetCheckSpec(check, asset=f"bars_{timeframe}", description=ASKED[check])
        for timeframe in UNIVERSE.timeframes
        for check in CHECKS
    ],
    partitions_def=GRID,
    backfill_policy=SINGLE_RUN,
    can_subset=True,
)
def bars(
    context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters, events: Events
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Bring the bars of each timeframe up to date, shorter ones first as longer ones may be made of them.

    Checks that somebody launched alone judge what is stored.
    """
    if not context.selected_asset_keys:
        yield from judged_alone(context, stores)
    for timeframe in timeframes_of(context, "bars"):
        wave = wave_of(context)
        if wave:
            # Before any bar of it is read: what is heard from here on is late, and the next wave's to look at.
            stores.bars.resume(timeframe, stores.waves.begin(wave, timeframe, decision_digest(parameters)))
        scope, base = wave_scope(context, timeframe, stores, parameters), DERIVATIONS.get(timeframe)
        market, now = markets.market_data(), now_of(context, markets)
        report = refresh_bars(
            stores.bars, stores.checks, market, scope, now, base, UNIVERSE.quality, wave, stores.history
        )
        # History wakes nobody, so a backfill needs no stream.
        noticed = PostgresQualityStore(stores.engine, context.run.run_id)
        record_quality(noticed, events.stream() if wave else None, report.noticed)
        asset = f"bars_{timeframe}"
        version = tell_partitions(context, asset, stores.contents(tables.bars, scope), pictures(report.newest_closes))
        yield dg.MaterializeResult(asset_key=asset, data_version=version, metadata=metadata_of(report))
        yield from check_results(context, stores, report.failed, report.gaps, timeframe)
