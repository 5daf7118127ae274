"""Wakes execution when a fill is booked, or an entry rests. The database says what waits, the event when to look."""

import hashlib
import time

import dagster as dg

from trading_pipeline.defs.execution.jobs import follow_booked_fills
from trading_pipeline.defs.execution.sensors import LOOKED_AFTER, POLL_S, look_again_s, management_key
from trading_pipeline.defs.operations.attempts import lives, next_attempt, rests, under_way
from trading_pipeline.domain.model.events import FillBooked
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.stores import Stores
from trading_pipeline.settings import Settings

_ENTRY_S = 5
"""Wall seconds between two looks at an entry that rests."""


@dg.sensor(
    job=follow_booked_fills,
    minimum_interval_seconds=1,
    default_status=SENSORS,
    description="Requests one run at a time for fills that nobody has answered and for entries that rest.",
)
def fill_sensor(context: dg.SensorEvaluationContext, stores: Stores, events: Events) -> dg.SensorResult:
    """One run for all fills that nobody follows; where there are none it waits up to 40 seconds for one."""
    stream, position = events.stream(), context.cursor or ""
    deadline = time.monotonic() + POLL_S
    while True:
        request = _request(context.instance, stores)
        if request or time.monotonic() > deadline:
            return dg.SensorResult(run_requests=[request] if request else [], cursor=position)
        # From where the last wait ended, so that an event which came during the look ends this one at once. A fill that
        # settling booked makes no event: there is a position then, and the table is looked at more often.
        position = stream.wait(FillBooked, position, look_again_s(stores))


def _request(instance: dg.DagsterInstance, stores: Stores) -> dg.RunRequest | None:
    """One run at a time, and none where a wave waits for its own, which follows fills first.

    A wave whose runs pause or were given up, as one position's trouble can bring about, holds no fill back.
    """
    fills = stores.operations.work.unfollowed_fills() + _looked_at_anew(stores.operations.work.entering_positions())
    if not fills or under_way(instance, follow_booked_fills.name):
        return None
    wave = stores.operations.work.unmanaged_wave()
    if wave is not None and not rests(instance, management_key(wave), time.time()):
        return None
    # The work is named by what waits: the same ask for the same run, however often the table is looked at.
    key = f"follow-{hashlib.sha256('|'.join(fills).encode()).hexdigest()[:16]}"
    attempt = next_attempt(instance, key, time.time())
    if attempt is None:
        return None
    return dg.RunRequest(
        # Dagster never launches a key twice, so a retry needs one of its own.
        run_key=f"{key}-{attempt}",
        tags={
            "work": key,
            **lives(LOOKED_AFTER),
            "code_version": Settings().code_version,
            "fills": ",".join(fills)[:255],
        },
    )


def _looked_at_anew(entering: list[str]) -> list[str]:
    """Entries that rest or go on, with a name for every few seconds: a limit order has to be given up in time."""
    return [f"{position_id}@{int(time.time() // _ENTRY_S)}" for position_id in entering]
