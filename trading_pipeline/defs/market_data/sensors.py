"""Wakes the pipeline when bars close. The database says what closed, the event only when to look."""

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import dagster as dg

from trading_pipeline.defs.market_data.jobs import bar_close_job, wave_assets
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.attempts import lives, next_attempt, outlived
from trading_pipeline.domain.model.events import BarClosed
from trading_pipeline.domain.model.timeframes import closing_timeframes, day_of
from trading_pipeline.domain.model.waves import Wave
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.resources.alerts import Alerts
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.settings import Settings

# Seconds, all five; an evaluation that waits has to stay below Dagster's limit of 60.
_POLL_S = 40.0
_LOOK_AGAIN_S = 2.0
_REST_S = 5.0
"""Where no wave is pending only the next close can begin one, and that is announced."""
_GRACE_S = 1.0
"""How long a wave waits for its last bars; what is missing then is fetched by the run."""
_STEP_S = 0.02


@dg.sensor(
    job=bar_close_job,
    minimum_interval_seconds=1,
    default_status=SENSORS,
    description="Requests one run per closing instant, when every bar was heard or a second has passed.",
)
def bar_close_sensor(
    context: dg.SensorEvaluationContext, stores: Stores, events: Events, parameters: Parameters, alerts: Alerts
) -> dg.SensorResult:
    """One run per closing instant: all instruments, all timeframes that close.

    What was tried for as long as its plans would have lived is given up, and told.
    """
    stream, position = events.stream(), context.cursor or ""
    deadline = time.monotonic() + _POLL_S
    waiting_since: dict[datetime, float] = {}
    while True:
        requests, incomplete = [], False
        for close_time, waves in groupby(stores.waves.pending(), key=lambda wave: wave.close_time):
            # From when this tick first saw it: by the monotonic clock, as venue time may stand still in a replay.
            began = waiting_since.setdefault(close_time, time.monotonic())
            if not _complete(close_time, list(waves)) and time.monotonic() - began < _GRACE_S:
                incomplete = True
            else:
                requests += _request(context, parameters, close_time)
                _give_up_what_is_over(context, stores, alerts, close_time)
        if requests or time.monotonic() > deadline:
            return dg.SensorResult(run_requests=requests, cursor=position)
        wait_s = _STEP_S if incomplete else _LOOK_AGAIN_S if waiting_since else _REST_S
        position = stream.wait(BarClosed, position, wait_s)


def _complete(close_time: datetime, waves: Sequence[Wave]) -> bool:
    """Whether every bar that closes at ``close_time`` was heard."""
    heard = {wave.timeframe for wave in waves if wave.instruments_heard >= len(UNIVERSE.instrument_ids)}
    return heard >= set(closing_timeframes(close_time, UNIVERSE.timeframes))


def _work(close_time: datetime) -> str:
    return f"wave-{close_time.isoformat()}"


def _give_up_what_is_over(
    context: dg.SensorEvaluationContext, stores: Stores, alerts: Alerts, close_time: datetime
) -> None:
    """Written down before it is told: of two sensors one tells."""
    if outlived(context.instance, _work(close_time), time.time()) and stores.waves.give_up(close_time):
        alerts.notifier().notify(
            Severity.CRITICAL,
            f"wave given up: {close_time:%Y-%m-%d %H:%M} UTC",
            "It could not be computed for as long as its plans would have lived: no plan was made and no position was "
            "managed by its bars; the next close goes on from here. The failed runs say why; launch bar_close for its "
            "day to have its bars and signals as history.",
        )


def _request(context: dg.SensorEvaluationContext, parameters: Parameters, close_time: datetime) -> list[dg.RunRequest]:
    key = _work(close_time)
    attempt = next_attempt(context.instance, key, time.time())
    if attempt is None:
        return []
    timeframes = closing_timeframes(close_time, UNIVERSE.timeframes)
    longest = max(timeframe.duration for timeframe in timeframes)
    # a bar belongs to the day it opens in, so the wave at midnight belongs to the day before
    day = day_of(close_time - min(timeframe.duration for timeframe in timeframes)).date().isoformat()
    return [
        dg.RunRequest(
            run_key=f"{key}-{attempt}",
            asset_selection=wave_assets(timeframes),
            tags={
                "work": key,
                # Plans of the longest timeframe live longest; after that a run could decide nothing.
                **lives(parameters.risk.plan_ttl_bars * longest),
                "wave": close_time.isoformat(),
                "instrument_ids": ",".join(UNIVERSE.instrument_ids)[:255],
                "timeframes": ",".join(timeframes),
                "strategy": ",".join(f"{plan.strategy.name}@{plan.strategy.version}" for plan in parameters.strategies),
                "code_version": Settings().code_version,
                "dagster/asset_partition_range_start": f"{day}|{UNIVERSE.instrument_ids[0]}",
                "dagster/asset_partition_range_end": f"{day}|{UNIVERSE.instrument_ids[-1]}",
            },
        )
    ]
