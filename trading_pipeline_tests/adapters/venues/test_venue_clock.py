"""Venue time as the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.market_data import MarketData

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


class ClockVenue(MarketData):
    """A venue whose only ability is to tell the time it is set to."""

    def __init__(self) -> None:
        self.time: datetime | None = NOON

    def server_time(self) -> datetime:
        """What was set."""
        if self.time is None:
            raise TemporaryVenueError("silent")
        return self.time

    def bars(self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Bar]:
        """None."""
        return []

    def instruments(self) -> dict[str, Instrument]:
        """None."""
        return {}


@pytest.mark.parametrize("jump", [timedelta(hours=5), -timedelta(hours=5), timedelta(0)])
def test_a_clock_of_age_zero_follows_every_jump(jump: timedelta) -> None:
    venue = ClockVenue()
    clock = VenueClock(venue, max_age_s=0, monotonic=lambda: 0.0)
    clock.now()
    venue.time = NOON + jump
    assert clock.now() == NOON + jump


@pytest.mark.parametrize(("elapsed_s", "expected_s"), [(0.0, 0.0), (29.5, 29.5), (30.0, 100.0)])
def test_an_answer_is_carried_forward_until_it_is_too_old(elapsed_s: float, expected_s: float) -> None:
    venue, ticks = ClockVenue(), [0.0]
    clock = VenueClock(venue, max_age_s=30, monotonic=lambda: ticks[0])
    clock.now()
    ticks[0], venue.time = elapsed_s, NOON + timedelta(seconds=100)
    assert clock.now() == NOON + timedelta(seconds=expected_s)


def test_an_old_answer_stops_the_clock() -> None:
    venue, ticks = ClockVenue(), [0.0]
    clock = VenueClock(venue, max_age_s=30, monotonic=lambda: ticks[0])
    clock.now()
    venue.time, ticks[0] = None, 10.0
    assert clock.now() == NOON + timedelta(seconds=10)
    ticks[0] = 31.0
    with pytest.raises(TemporaryVenueError):
        clock.now()
