"""The one virtual clock of the exchange: free running, equal to wall time, or standing still between closes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms


def wall_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


class FreeClock:
    """Virtual time runs ``speed`` times as fast as wall time and never passes it."""

    mode = "free"

    def __init__(self, start: datetime, speed: float, wall: Callable[[], datetime] = wall_now) -> None:
        if speed <= 0:
            raise ConfigurationError(f"speed {speed} is not positive; 1 is real time, 60 a minute a second")
        self.speed = speed
        self.virtual_start = start
        self.wall = wall
        self.wall_start = wall()
        # The machine's clock may be set while this runs; elapsed time must not jump with it.
        self._began = time.monotonic()

    def now_ms(self) -> int:
        """Virtual milliseconds since the epoch."""
        elapsed = timedelta(seconds=(time.monotonic() - self._began) * self.speed)
        # Never ahead of wall time: a client signs with wall time, and bars of the future would be none.
        return to_ms(min(self.virtual_start + elapsed, self.wall()))

    def seconds_until(self, instant_ms: int) -> float:
        """Wall seconds until the virtual instant."""
        return max(0.0, (instant_ms - self.now_ms()) / 1000 / self.speed)


class WallClock:
    """Virtual time is wall time, for programs that know no other."""

    mode = "wall"
    speed = 1.0

    def __init__(self, wall: Callable[[], datetime] = wall_now) -> None:
        self.wall = wall
        self.wall_start = self.virtual_start = wall()

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return to_ms(self.wall())

    def seconds_until(self, instant_ms: int) -> float:
        """Seconds until the instant."""
        return max(0.0, (instant_ms - self.now_ms()) / 1000)


class LockStepClock:
    """Virtual time stands at a close of ``timeframe`` until the next step is asked for."""

    mode = "lock_step"
    speed = 0.0

    def __init__(self, start: datetime, timeframe: Timeframe, wall: Callable[[], datetime] = wall_now) -> None:
        if not timeframe.closes_at(start):
            raise ConfigurationError(
                f"start {start.isoformat()} is no close of a {timeframe} bar; use {timeframe.floor(start).isoformat()}"
            )
        self.timeframe = timeframe
        self.virtual_start = start
        self.wall = wall
        self.wall_start = wall()
        self._now_ms = to_ms(start)

    def now_ms(self) -> int:
        """Virtual milliseconds since the epoch: the close at which the clock stands."""
        return self._now_ms

    def next_close_ms(self) -> int:
        """The close the next step leads to, UTC milliseconds."""
        return self._now_ms + self.timeframe.ms

    def step(self) -> None:
        """Jump to the next close."""
        self._now_ms = self.next_close_ms()


Clock = FreeClock | WallClock | LockStepClock


def iso(instant_ms: int) -> str:
    """Milliseconds as ISO 8601 UTC."""
    return from_ms(instant_ms).isoformat()


def check_start(start: datetime, wall: datetime) -> None:
    """The virtual clock starts in the past.

    :raises ConfigurationError: it does not.
    """
    if start > wall:
        raise ConfigurationError(f"start {start.isoformat()} is in the future; virtual time never passes wall time")
