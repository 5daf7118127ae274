"""Takes up days that ended while the whole system stood still: no wave will ever ask for them.

See docs/decisions/0068.
"""

import time
from collections.abc import Iterable
from datetime import datetime

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from trading_pipeline.defs.market_data.jobs import wave_assets
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.attempts import given_up, next_attempt
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.market_data.find_missed_days import find_missed_days
from trading_pipeline.settings import Settings

_WORK = "catch-up-"

catch_up_job = dg.define_asset_job(
    "catch_up",
    selection=dg.AssetSelection.assets(*wave_assets(UNIVERSE.timeframes)),
    executor_def=dg.in_process_executor,
    # behind what people launch, in the worker that they use; the sensor asks again for what failed
    tags={"dagster/priority": "-1", "dagster/max_retries": "0"},
    description="A day that ended during an outage, over all instruments and timeframes; its plans are history.",
)


@dg.sensor(
    job=catch_up_job,
    minimum_interval_seconds=60,
    default_status=SENSORS,
    description="Requests one run for each day that ended while the system stood still.",
)
def missed_days_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> dg.SensorResult | dg.SkipReason:
    """The cursor is the first day that is not settled yet."""
    since = datetime.fromisoformat(context.cursor) if context.cursor else None
    found = find_missed_days(checks=stores.checks, waves=stores.waves, universe=UNIVERSE, since=since)
    if found is None:
        return dg.SkipReason("no wave was computed yet")
    # The cursor stays, so these days are looked at again when it is over.
    if _backfilling(context.instance):
        return dg.SkipReason("a backfill is going on, which may be about these days")
    tried = {day for day in _tried(context.instance) if since is None or day >= since}
    unsettled = _unsettled(context.instance, {*found.missed, *tried})
    requests = [request for day in unsettled if (request := _request(context.instance, day))]
    first = min([*unsettled, *found.waiting], default=found.today)
    return dg.SensorResult(run_requests=requests, cursor=first.isoformat())


def _backfilling(instance: dg.DagsterInstance) -> bool:
    return bool(instance.get_backfills(filters=BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED]), limit=1))


def _tried(instance: dg.DagsterInstance) -> set[datetime]:
    """Days of which a run exists: one that failed half-way has left verdicts behind and is not finished."""
    runs = instance.get_runs(dg.RunsFilter(job_name=catch_up_job.name), limit=500)
    return {datetime.fromisoformat(run.tags["work"].removeprefix(_WORK)) for run in runs if "work" in run.tags}


def _unsettled(instance: dg.DagsterInstance, days: Iterable[datetime]) -> list[datetime]:
    """Days without a run that succeeded and of which nobody has given up; what the venue lacks stays missing."""
    return [
        day for day in sorted(days) if not (_succeeded(instance, day) or given_up(instance, _work(day), time.time()))
    ]


def _succeeded(instance: dg.DagsterInstance, day: datetime) -> bool:
    wanted = dg.RunsFilter(tags={"work": _work(day)}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return bool(instance.get_runs(wanted, limit=1))


def _work(day: datetime) -> str:
    return f"{_WORK}{day.isoformat()}"


def _request(instance: dg.DagsterInstance, day: datetime) -> dg.RunRequest | None:
    attempt = next_attempt(instance, _work(day), time.time())
    if attempt is None:
        return None
    first, last = UNIVERSE.instrument_ids[0], UNIVERSE.instrument_ids[-1]
    return dg.RunRequest(
        run_key=f"{_work(day)}-{attempt}",
        tags={
            "work": _work(day),
            "code_version": Settings().code_version,
            "dagster/asset_partition_range_start": f"{day:%Y-%m-%d}|{first}",
            "dagster/asset_partition_range_end": f"{day:%Y-%m-%d}|{last}",
        },
    )
