"""Wakes execution when a wave is computed. The database says what there is to do, the event only when to look."""

import hashlib
import time
from datetime import datetime, timedelta

import dagster as dg

from trading_pipeline.adapters.stores.execution.work_queue import WaitingPlan
from trading_pipeline.defs.execution.jobs import execute_plans, manage_and_execute, manage_open_positions
from trading_pipeline.defs.operations.attempts import lives, next_attempt
from trading_pipeline.domain.model.events import WaveComputed
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.stores import Stores
from trading_pipeline.settings import Settings

# Seconds: under Dagster's limit of 60, and far fewer evaluations than one a second.
POLL_S = 40.0
_LOOK_AGAIN_S = 2.0
"""An expired claim or a failed run makes no event, so the tables are looked at this often anyway."""

_REST_S = 5.0
"""Where neither is possible, as nothing is claimed or held; only an event that was lost is found by this look."""

LOOKED_AFTER = timedelta(days=1)
"""How long work on orders and positions is tried; a newer close or fill makes it another work long before."""


@dg.sensor(
    jobs=[execute_plans, manage_and_execute, manage_open_positions],
    minimum_interval_seconds=1,
    default_status=SENSORS,
    description="Requests the run that manages positions and executes plans, when a wave is computed.",
)
def trade_plan_sensor(context: dg.SensorEvaluationContext, stores: Stores, events: Events) -> dg.SensorResult:
    """One run for the open positions of a computed wave and for all plans that wait.

    Where nothing is due it waits up to 40 seconds for a wave.
    """
    stream, position = events.stream(), context.cursor or ""
    deadline = time.monotonic() + POLL_S
    while True:
        request = _request(context.instance, stores)
        if request or time.monotonic() > deadline:
            return dg.SensorResult(run_requests=[request] if request else [], cursor=position)
        position = stream.wait(WaveComputed, position, look_again_s(stores))


def look_again_s(stores: Stores) -> float:
    """After how many seconds the tables are looked at again though no event came."""
    return _LOOK_AGAIN_S if stores.operations.work.goes_on() else _REST_S


def _request(instance: dg.DagsterInstance, stores: Stores) -> dg.RunRequest | None:
    """The run that is due; none while one is on its way that will do the work."""
    plans, wave = stores.operations.work.waiting_plans(), stores.operations.work.unmanaged_wave()
    if not (plans or wave):
        return None
    key = _execution_key(plans) if wave is None else management_key(wave)
    attempt = next_attempt(instance, key, time.time())
    if attempt is None:
        return None
    job = manage_open_positions if not plans else execute_plans if wave is None else manage_and_execute
    return dg.RunRequest(
        # Dagster never launches a key twice, so a retry needs one of its own.
        run_key=f"{key}-{attempt}",
        job_name=job.name,
        run_config={} if wave is None else {"ops": {"manage": {"config": {"close_time": wave.isoformat()}}}},
        tags={"work": key, **lives(LOOKED_AFTER), "code_version": Settings().code_version, **_tags(plans, wave)},
    )


def management_key(wave: datetime) -> str:
    """What runs that manage positions for a wave are counted by; a wave is a closing instant in UTC."""
    return f"manage-{wave.isoformat()}"


def _execution_key(plans: list[WaitingPlan]) -> str:
    # Who claimed them is part of the work: plans that a dead run left behind are work anew, with tries of their own.
    waiting = "|".join(f"{plan.plan_id}:{plan.claimed_by}" for plan in plans)
    return f"execute-{hashlib.sha256(waiting.encode()).hexdigest()[:16]}"


def _tags(plans: list[WaitingPlan], wave: datetime | None) -> dict[str, str]:
    """What leads from a run to its wave, and to the plans it was requested for."""
    if not plans:
        return {} if wave is None else {"wave": wave.isoformat()}
    return {
        "wave": (wave or max(plan.close_time for plan in plans)).isoformat(),
        "plan": ",".join(plan.plan_id for plan in plans)[:255],
        "instrument_ids": ",".join(sorted({plan.instrument_id for plan in plans}))[:255],
        "strategy": ",".join(sorted({plan.strategy for plan in plans})),
    }
