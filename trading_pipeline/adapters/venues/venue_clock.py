"""Venue time as the system's clock."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import MarketData


class VenueClock(Clock):
    """Asks the venue, and between two questions lets this machine's monotonic clock run on."""

    def __init__(
        self, market_data: MarketData, max_age_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask nothing yet.

        :param max_age_s: seconds an answer may be carried forward. 0 asks every time, which a
            replay needs because its clock stands still and jumps; 30 suits a venue in real time.
        """
        self._market_data = market_data
        self._max_age_s = max_age_s
        self._monotonic = monotonic
        self._answer: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Venue time, late by at most half the way to the venue and back.

        :raises TemporaryVenueError: the venue does not answer and the last answer is too old.
        """
        if self._answer is not None:
            venue_time, heard_at = self._answer
            age_s = self._monotonic() - heard_at
            if age_s < self._max_age_s:
                return venue_time + timedelta(seconds=age_s)
        venue_time = self._market_data.server_time()
        # Taken after the answer: the clock is late by the way back, never early.
        self._answer = venue_time, self._monotonic()
        return venue_time
