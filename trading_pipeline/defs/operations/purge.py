"""Nothing grows for ever: runs that have outlived their use go, every night. See docs/decisions/0067."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.queues import housekeeping_tags
from trading_pipeline.defs.operations.run_history import DagsterRunHistory
from trading_pipeline.domain.model.run_history import Retention
from trading_pipeline.resources.beside import SCHEDULES
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.market_data.purge_conditions import purge_conditions
from trading_pipeline.services.operations.purge_runs import purge_runs
from trading_pipeline.settings import Settings

_MOST = 50_000
"""Runs a night. A system makes two thousand a day; a year's backlog goes in some nights."""


def _retention(settings: Settings) -> Retention:
    return Retention(
        runs=timedelta(days=settings.keep_runs_days),
        order_runs=timedelta(days=settings.keep_order_runs_days),
        quiet_runs=timedelta(hours=settings.keep_quiet_runs_hours),
    )


@dg.op
def purge_history(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Remove old runs with their events, verdicts and folders."""
    result = purge_runs(
        history=DagsterRunHistory(context.instance),
        ledger_runs=stores.operations.ledger_runs,
        retention=_retention(Settings()),
        # Wall time: the ages are those of runs of Dagster, which knows no venue time.
        now=datetime.now(UTC),
        most=_MOST,
    )
    context.add_output_metadata(
        {
            "removed": {str(kind): count for kind, count in result.removed.items()},
            "needed": result.needed,
            "complete": result.complete,
        }
    )


@dg.op
def purge_market_data(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Remove what stood between bars and is older than ``feeds`` in ``config/universe.yaml`` keeps it."""
    removed = purge_conditions(stores.conditions.retention, UNIVERSE.feeds)
    context.add_output_metadata({"removed": removed})


@dg.op
def purge_alerts(context: dg.OpExecutionContext, stores: Stores) -> None:
    """Remove what the operator was told longer ago than TRADING_KEEP_NOTIFICATIONS_DAYS."""
    keep = timedelta(days=Settings().keep_notifications_days)
    context.add_output_metadata({"removed": stores.operations.alerts.remove_older(keep)})


@dg.job(executor_def=dg.in_process_executor, tags=housekeeping_tags(timedelta(hours=1)))
def purge() -> None:
    """Remove what has outlived its use: runs, alerts, and what stood between bars."""
    purge_market_data()
    purge_alerts()
    purge_history()


nightly_purge = dg.ScheduleDefinition(
    name="purge_nightly",
    job=purge,
    cron_schedule="50 0 * * *",
    description="Remove runs beyond their age with their events and folders; settings TRADING_KEEP_* say which.",
    default_status=SCHEDULES,
)
