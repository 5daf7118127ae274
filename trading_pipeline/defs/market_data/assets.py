"""Bars of every timeframe: complete, consolidated, and judged bar by bar."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from trading_pipeline.adapters.plots.sparkline import markdown_image, sparkline
from trading_pipeline.defs.catalogue import ASKED
from trading_pipeline.defs.market_data.checks import CHECKS, check_results, judged_alone
from trading_pipeline.defs.market_data.partitions import (
    DERIVATIONS,
    GRID,
    UNIVERSE,
    count_by_partition,
    decision_digest,
    now_of,
    picture_by_partition,
    wave_of,
    wave_scope,
)
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.refresh_bars import BarsReport, refresh_bars


def _bars_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    name, base = f"bars_{timeframe}", DERIVATIONS.get(timeframe)
    origin = f"made of {base} bars, as the venue publishes none" if base else "what is missing is fetched first"

    @dg.multi_asset(
        name=name,
        specs=[
            dg.AssetSpec(
                name,
                deps=["raw_bars"] if base is None else [f"bars_{base}"],
                partitions_def=GRID,
                group_name="market_data",
                kinds={"postgres"},
                description=f"Closed {timeframe} bars, one row per instrument and open time; {origin}.",
            )
        ],
        check_specs=[dg.AssetCheckSpec(check, asset=name, description=ASKED[check]) for check in CHECKS],
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def bars(
        context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        if not context.selected_asset_keys:
            yield from judged_alone(context, stores, timeframe)
            return
        if wave := wave_of(context):
            stores.waves.begin(wave, timeframe, decision_digest(parameters))
        scope = wave_scope(context, timeframe, stores, parameters)
        report = refresh_bars(stores.bars, stores.checks, markets.market_data(), scope, now_of(context, markets), base)
        count_by_partition(context, report.counts, replace(scope, computed_until=None))
        picture_by_partition(context, _pictures(report))
        yield dg.MaterializeResult(asset_key=name, metadata=_metadata(report))
        yield from check_results(context, stores, report.failed, report.gaps, timeframe)

    return bars


def _metadata(report: BarsReport) -> dict[str, dg.MetadataValue]:
    """What the whole run did."""
    last = report.last_close.isoformat() if report.last_close else "none"
    return {
        "bars_checked": dg.MetadataValue.int(report.checks.bars),
        "rows_changed": dg.MetadataValue.int(report.changed),
        "last_close": dg.MetadataValue.text(last),
        "gaps_healed": dg.MetadataValue.json({gap.instrument_id: gap.healed for gap in report.gaps if gap.healed}),
    }


def _pictures(report: BarsReport) -> dict[InstrumentId, str]:
    """Small ones of each instrument's newest prices, in Markdown."""
    return {name: markdown_image(name, sparkline(closes)) for name, closes in report.newest_closes.items()}


bars_assets = [_bars_asset(timeframe) for timeframe in UNIVERSE.timeframes]
