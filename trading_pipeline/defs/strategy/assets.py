"""Indicator snapshots, signals and trade plans of every timeframe, one step each for the timeframes of a run."""

from collections.abc import Callable, Iterator

import dagster as dg

from trading_pipeline.adapters.stores.postgres import tables
from trading_pipeline.defs.catalogue import ASKED, STRATEGIES_ANSWER
from trading_pipeline.defs.code_versions import CODE_VERSIONS
from trading_pipeline.defs.market_data.partitions import (
    GRID,
    SINGLE_RUN,
    UNIVERSE,
    now_of,
    tell_partitions,
    timeframes_of,
    wave_of,
    wave_scope,
)
from trading_pipeline.defs.strategy.checks import answered_now, answered_of_old
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline.services.strategy.compute_indicators import compute_indicators
from trading_pipeline.services.strategy.generate_signals import generate_signals
from trading_pipeline.services.strategy.plan_trades import Planner, PlanReport, plan_trades


def _specs(stage: str, deps: Callable[[Timeframe], list[str]], description: str) -> list[dg.AssetSpec]:
    """One asset a timeframe; the description says ``{timeframe}`` where it belongs."""
    return [
        dg.AssetSpec(
            f"{stage}_{timeframe}",
            deps=deps(timeframe),
            group_name="strategy",
            kinds={"postgres"},
            description=description.format(timeframe=timeframe),
            code_version=CODE_VERSIONS[stage],
        )
        for timeframe in UNIVERSE.timeframes
    ]


@dg.multi_asset(
    specs=_specs(
        "indicator_snapshots",
        lambda timeframe: [f"bars_{timeframe}"],
        "Indicator values at the close of every sound {timeframe} bar, computed from a fixed anchor.",
    ),
    partitions_def=GRID,
    backfill_policy=SINGLE_RUN,
    can_subset=True,
)
def indicator_snapshots(
    context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters
) -> Iterator[dg.MaterializeResult[None]]:
    """Compute what the run adds, timeframe by timeframe."""
    for timeframe in timeframes_of(context, "indicator_snapshots"):
        scope = wave_scope(context, timeframe, stores, parameters)
        report = compute_indicators(stores.bars, stores.checks, stores.snapshots, scope, now_of(context, markets))
        asset = f"indicator_snapshots_{timeframe}"
        version = tell_partitions(context, asset, stores.contents(tables.indicator_snapshots, scope))
        yield dg.MaterializeResult(
            asset_key=asset,
            data_version=version,
            metadata={"rows_changed": report.changed, "unsound_instruments": list(report.unsound)},
        )


def _bars_behind_signals(timeframe: Timeframe) -> list[str]:
    # in a wave, a higher bar that closes at the same instant has to be there before a strategy looks for it
    higher = [f"bars_{one}" for one in UNIVERSE.timeframes if one.ms > timeframe.ms]
    return [f"bars_{timeframe}", f"indicator_snapshots_{timeframe}", *higher, "book_samples"]


@dg.multi_asset(
    specs=_specs(
        "signals",
        _bars_behind_signals,
        "Where the enabled strategies enter and leave, at the close of {timeframe} bars.",
    ),
    check_specs=[
        dg.AssetCheckSpec(STRATEGIES_ANSWER, asset=f"signals_{timeframe}", description=ASKED[STRATEGIES_ANSWER])
        for timeframe in UNIVERSE.timeframes
    ],
    partitions_def=GRID,
    backfill_policy=SINGLE_RUN,
    can_subset=True,
)
def signals(
    context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Ask every strategy about the bars that the run adds, timeframe by timeframe."""
    # Checks launched alone: nothing is computed, so they are answered from what the newest wave noted.
    if not context.selected_asset_keys:
        yield from answered_of_old(context, stores)
    strategies, books = parameters.strategies, BookEvidence(stores.books, stores.research.calibrations)
    live, now = wave_of(context) is not None, now_of(context, markets)
    for timeframe in timeframes_of(context, "signals"):
        scope = wave_scope(context, timeframe, stores, parameters)
        report = generate_signals(stores.bars, stores.checks, stores.signals, strategies, scope, now, books, live=live)
        asset = f"signals_{timeframe}"
        version = tell_partitions(context, asset, stores.contents(tables.signals, scope))
        yield dg.MaterializeResult(
            asset_key=asset,
            data_version=version,
            metadata={
                "entries": report.entries,
                "exits": report.exits,
                "rows_changed": report.changed,
                "unsound_instruments": list(report.unsound),
                "refused": [str(refusal) for refusal in report.refused],
                "strategies": {plan.strategy.name: plan.strategy.version for plan in strategies},
            },
        )
        # The wave was begun with nobody unanswered, so that there is something to write in the rare case alone.
        if report.failed and (wave := wave_of(context)):
            # Kept with the wave: whoever asks the check alone later has no run that knows it.
            stores.waves.note_unanswered(wave, timeframe, report.failed.keys())
        yield from answered_now(context, timeframe, report.failed)


@dg.multi_asset(
    specs=_specs(
        "trade_plans",
        lambda timeframe: [f"signals_{timeframe}"],
        "Entry, stop, targets and expiry per {timeframe} signal. Only a wave's own plans may be executed.",
    ),
    partitions_def=GRID,
    backfill_policy=SINGLE_RUN,
    can_subset=True,
)
def trade_plans(
    context: dg.AssetExecutionContext, stores: Stores, events: Events, parameters: Parameters
) -> Iterator[dg.MaterializeResult[None]]:
    """Plan what the run's signals ask for, timeframe by timeframe, and end the wave of each."""
    planner = Planner(
        stores.signals,
        stores.snapshots,
        stores.plans,
        stores.waves,
        events.stream(),
        parameters.strategies,
        parameters.risk,
    )
    timeframes = timeframes_of(context, "trade_plans")
    scopes = [wave_scope(context, timeframe, stores, parameters) for timeframe in timeframes]
    # All of them before Dagster is told of one: whoever executes plans waits for every timeframe of the wave.
    reports = [plan_trades(planner, scope, wave_of(context), context.run.run_id) for scope in scopes]
    for timeframe, scope, report in zip(timeframes, scopes, reports, strict=True):
        asset = f"trade_plans_{timeframe}"
        version = tell_partitions(context, asset, stores.contents(tables.trade_plans, scope))
        yield dg.MaterializeResult(asset_key=asset, data_version=version, metadata=_of_plans(report))


def _of_plans(report: PlanReport) -> dict[str, int | str | list[str]]:
    return {
        "rows_changed": report.changed,
        "executable": report.executable,
        "signals_only_watched": report.watched,
        "sizing": str(report.sizing),
        "refused": [str(refusal) for refusal in report.refused],
    }


strategy_assets = [indicator_snapshots, signals, trade_plans]
