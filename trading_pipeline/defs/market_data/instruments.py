"""Instruments with their steps and limits: read every day, and whenever the venue refuses an order.

Orders do not wait for this: an execution run reads the venue's list itself. The rows are for everybody else, and what
changes between two readings is an event.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from trading_pipeline.adapters.stores.execution.refusals import newest_refused_order
from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.defs.market_data.feed import PUBLIC_STREAM
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.queues import housekeeping_tags
from trading_pipeline.defs.operations.verdicts import judged
from trading_pipeline.resources.beside import SCHEDULES, SENSORS
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.market_data.record_quality import record_quality
from trading_pipeline.services.market_data.refresh_instruments import refresh_instruments, untradable

ALL_TRADABLE = "all_tradable"


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            "instruments",
            deps=[PUBLIC_STREAM],
            group_name="market_data",
            kinds={"postgres"},
            description="What the venue lists: status, steps, limits and fees, as it said last; closed what is gone.",
        )
    ],
    can_subset=True,
    check_specs=[
        dg.AssetCheckSpec(
            ALL_TRADABLE,
            asset="instruments",
            description="Every instrument of the universe is in trading, and no end of it is announced.",
        )
    ],
)
def instruments(
    context: dg.AssetExecutionContext, stores: Stores, markets: Markets, events: Events
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Read the list, keep it, tell what has changed; the check alone judges what was read last."""
    store = stores.conditions.instruments
    if context.selected_asset_keys:
        changes = refresh_instruments(markets.market_data(), store, UNIVERSE.instrument_ids)
        record_quality(PostgresQualityStore(stores.engine, context.run.run_id), events.stream(), changes)
        yield dg.MaterializeResult(metadata={"changed": len(changes)})
    if context.selected_asset_check_keys:
        yield judged(untradable(store, UNIVERSE.instrument_ids), name=ALL_TRADABLE)


instruments_job = dg.define_asset_job(
    "refresh_instruments",
    selection=dg.AssetSelection.assets(instruments),
    executor_def=dg.in_process_executor,
    tags=housekeeping_tags(timedelta(minutes=10)),
    description="Read the venue's list of instruments anew.",
)

daily_instruments = dg.ScheduleDefinition(
    name="instruments_daily",
    job=instruments_job,
    cron_schedule="3 0 * * *",
    description="Read the venue's list of instruments, three minutes after the UTC day began.",
    default_status=SCHEDULES,
)


@dg.sensor(
    job=instruments_job,
    minimum_interval_seconds=30,
    default_status=SENSORS,
    description="Has instruments read anew when the venue refused an order: its limits may have changed.",
)
def refused_order_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """One reading for what was refused since the last look; the cursor is the newest refused order."""
    # Any refusal: a changed step, limit or status shows first as an order that the venue does not take.
    newest = newest_refused_order(stores.engine)
    if newest is None or newest == context.cursor:
        return dg.SkipReason("the venue refused no order since the last look")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=newest)], cursor=newest)
