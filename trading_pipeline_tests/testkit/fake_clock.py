"""Venue time that a test holds in its hand."""

from datetime import datetime, timedelta

from trading_pipeline.ports.venue.clock import Clock


class FakeClock(Clock):
    """Stands still until it is told otherwise."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The instant last set."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump."""
        self._now = instant

    def advance(self, by: timedelta) -> None:
        """Go forward."""
        self._now += by
