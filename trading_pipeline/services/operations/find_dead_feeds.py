"""Which feeds have stopped, by their signs of life and by what they bring."""

from collections.abc import Iterable
from datetime import timedelta

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore
from trading_pipeline.ports.stores.operations.heartbeats import HeartbeatStore
from trading_pipeline.ports.venue.clock import Clock

SILENT_S = 20.0
"""The feed beats every five seconds."""
LATE = timedelta(minutes=2)
"""Of venue time. A bar comes within a second of its close, and the feed asks for one that is two seconds late."""


def find_dead_feeds(*, heartbeats: HeartbeatStore, waves: WaveStore, clock: Clock, finest: Timeframe) -> dict[str, str]:
    """What is dead, by name, with a sentence about it. That a feed has stopped explains why no bars come.

    :param finest: the shortest timeframe that is collected: one close of it after the other has to be heard.
    """
    beats = heartbeats.beats()
    stopped = bool(silent(beats))
    # One cause, one message: a feed that has stopped brings no bars either.
    return dead_streams(beats) | ({} if stopped else _missing_bars(waves, clock, finest))


def silent(heartbeats: Iterable[Heartbeat]) -> dict[str, float]:
    """Components that give no sign of life any more, with the wall seconds since their last."""
    return {beat.component: beat.age_s for beat in heartbeats if beat.age_s > SILENT_S}


def dead_streams(heartbeats: Iterable[Heartbeat]) -> dict[str, str]:
    """Components that have stopped, and streams of living ones without connection; sentences that do not change."""
    found = {}
    for beat in heartbeats:
        if beat.age_s > SILENT_S:
            found[beat.component] = f"the {beat.component} has stopped; it is started again"
            continue
        down = [part.removesuffix(" down") for part in beat.detail.split(", ") if part.endswith(" down")]
        found |= {stream: f"{stream} has no connection to the venue" for stream in down}
    return found


def _missing_bars(waves: WaveStore, clock: Clock, finest: Timeframe) -> dict[str, str]:
    """Nothing where no close was ever heard: then the signs of life have to do."""
    newest = waves.newest()
    if newest is None:
        return {}
    try:
        late = clock.now() - newest > finest.duration + LATE
    except TemporaryVenueError as error:
        return {"bars": f"the venue does not tell the time, so nobody knows whether bars are missing ({error})"}
    return {"bars": f"no bar was heard since the close of {newest:%Y-%m-%d %H:%M} UTC"} if late else {}
