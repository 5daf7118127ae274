"""Indicator snapshots, signals and trade plans of every timeframe."""

import dagster as dg

from trading_pipeline.defs.market_data.partitions import GRID, UNIVERSE, count_by_partition, now_of, wave_of, wave_scope
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline.services.strategy.compute_indicators import compute_indicators
from trading_pipeline.services.strategy.generate_signals import generate_signals
from trading_pipeline.services.strategy.plan_trades import Planner, plan_trades

SINGLE_RUN = dg.BackfillPolicy.single_run()


def _snapshots_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"indicator_snapshots_{timeframe}",
        partitions_def=GRID,
        backfill_policy=SINGLE_RUN,
        group_name="strategy",
        kinds={"postgres"},
        deps=[f"bars_{timeframe}"],
        description=f"Indicator values at the close of every sound {timeframe} bar, computed from a fixed anchor.",
    )
    def snapshots(
        context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters
    ) -> dg.MaterializeResult[None]:
        scope = wave_scope(context, timeframe, stores, parameters)
        report = compute_indicators(stores.bars, stores.checks, stores.snapshots, scope, now_of(context, markets))
        count_by_partition(context, report.counts, scope)
        return dg.MaterializeResult(
            metadata={
                "rows_changed": report.changed,
                "unsound_instruments": list(report.unsound),
            }
        )

    return snapshots


def _signals_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    # in a wave, a higher bar that closes at the same instant has to be there before a strategy looks for it
    higher = [f"bars_{one}" for one in UNIVERSE.timeframes if one.ms > timeframe.ms]

    @dg.asset(
        name=f"signals_{timeframe}",
        partitions_def=GRID,
        backfill_policy=SINGLE_RUN,
        group_name="strategy",
        kinds={"postgres"},
        deps=[f"bars_{timeframe}", f"indicator_snapshots_{timeframe}", *higher, "book_samples"],
        description=f"Where the enabled strategies enter and leave, at the close of {timeframe} bars.",
    )
    def signals(
        context: dg.AssetExecutionContext, stores: Stores, markets: Markets, parameters: Parameters
    ) -> dg.MaterializeResult[None]:
        scope, strategies = wave_scope(context, timeframe, stores, parameters), parameters.strategies
        now = now_of(context, markets)
        books = BookEvidence(stores.books, stores.calibrations)
        live = wave_of(context) is not None
        report = generate_signals(stores.bars, stores.checks, stores.signals, strategies, scope, now, books, live=live)
        count_by_partition(context, report.counts, scope)
        return dg.MaterializeResult(
            metadata={
                "entries": report.entries,
                "exits": report.exits,
                "rows_changed": report.changed,
                "unsound_instruments": list(report.unsound),
                "refused": [str(refusal) for refusal in report.refused],
                "strategies": {plan.strategy.name: plan.strategy.version for plan in strategies},
            }
        )

    return signals


def _plans_asset(timeframe: Timeframe) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"trade_plans_{timeframe}",
        partitions_def=GRID,
        backfill_policy=SINGLE_RUN,
        group_name="strategy",
        kinds={"postgres"},
        deps=[f"signals_{timeframe}"],
        description=f"Entry, stop, targets and expiry per {timeframe} signal. Only a wave's own plans may be executed.",
    )
    def plans(
        context: dg.AssetExecutionContext, stores: Stores, events: Events, parameters: Parameters
    ) -> dg.MaterializeResult[None]:
        limits, strategies = parameters.risk, parameters.strategies
        planner = Planner(
            stores.signals, stores.snapshots, stores.plans, stores.waves, events.stream(), strategies, limits
        )
        scope = wave_scope(context, timeframe, stores, parameters)
        report = plan_trades(planner, scope, wave_of(context), context.run.run_id)
        count_by_partition(context, report.counts, scope)
        return dg.MaterializeResult(
            metadata={
                "rows_changed": report.changed,
                "executable": report.executable,
                "sizing": str(report.sizing),
                "refused": [str(refusal) for refusal in report.refused],
            }
        )

    return plans


strategy_assets = [
    build(timeframe) for timeframe in UNIVERSE.timeframes for build in (_snapshots_asset, _signals_asset, _plans_asset)
]
