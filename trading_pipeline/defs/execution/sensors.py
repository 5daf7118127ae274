"""Wakes execution when a wave is computed. The database says what there is to do, the event only when to look."""

import hashlib
import time
from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from trading_pipeline.adapters.stores.work_queue import WaitingPlan
from trading_pipeline.defs.execution.jobs import execute_plans, manage_open_positions
from trading_pipeline.defs.operations.attempts import next_attempt
from trading_pipeline.domain.model.events import WaveComputed
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.stores import Stores
from trading_pipeline.settings import Settings

_POLL_S = 20.0
_LOOK_AGAIN_S = 2.0
"""An expired claim or a failed run makes no event, so the tables are looked at this often anyway."""


@dg.sensor(
    jobs=[execute_plans, manage_open_positions],
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def trade_plan_sensor(context: dg.SensorEvaluationContext, stores: Stores, events: Events) -> dg.SensorResult:
    """One run for all plans that wait, one for all open positions of a computed wave."""
    stream, position = events.stream(), context.cursor or ""
    deadline = time.monotonic() + _POLL_S
    while True:
        requests = [*_execution(context, stores.work.waiting_plans()), *_management(context, stores)]
        if requests or time.monotonic() > deadline:
            return dg.SensorResult(run_requests=requests, cursor=position)
        position = stream.wait(WaveComputed, position, _LOOK_AGAIN_S)


def _execution(context: dg.SensorEvaluationContext, plans: list[WaitingPlan]) -> Iterator[dg.RunRequest]:
    if not plans:
        return
    waiting = "|".join(f"{plan.plan_id}:{plan.claimed_by}" for plan in plans)
    key = f"execute-{hashlib.sha256(waiting.encode()).hexdigest()[:16]}"
    attempt = next_attempt(context.instance, key)
    if attempt is None:
        return
    yield dg.RunRequest(
        run_key=f"{key}-{attempt}",
        job_name=execute_plans.name,
        tags={
            "work": key,
            "wave": max(plan.close_time for plan in plans).isoformat(),
            "plan": ",".join(plan.plan_id for plan in plans)[:255],
            "symbols": ",".join(sorted({plan.symbol for plan in plans}))[:255],
            "strategy": ",".join(sorted({plan.strategy for plan in plans})),
            "code_version": Settings().code_version,
        },
    )


def _management(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest]:
    wave: datetime | None = stores.work.unmanaged_wave()
    if wave is None:
        return
    key = f"manage-{wave.isoformat()}"
    attempt = next_attempt(context.instance, key)
    if attempt is None:
        return
    yield dg.RunRequest(
        run_key=f"{key}-{attempt}",
        job_name=manage_open_positions.name,
        run_config={"ops": {"manage": {"config": {"close_time": wave.isoformat()}}}},
        tags={"work": key, "wave": wave.isoformat(), "code_version": Settings().code_version},
    )
