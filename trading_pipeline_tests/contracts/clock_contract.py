"""What ``Clock`` promises, whoever keeps it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.ports.venue.clock import Clock


class ClockContract:
    """Give the fixtures ``clock``, and ``advance``, which takes the venue to a later instant and returns it."""

    def test_now_is_aware_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta(0)

    def test_now_follows_the_venue_however_far_it_goes(self, clock: Clock, advance: Callable[[], datetime]) -> None:
        for _ in range(3):
            before = clock.now()
            reached = advance()
            assert before < reached <= clock.now() < reached + timedelta(seconds=1)

    def test_now_may_stand_still_and_does_not_run_back(self, clock: Clock) -> None:
        readings = [clock.now() for _ in range(5)]
        assert readings == sorted(readings)


class FailingClockContract(ClockContract):
    """Of a clock that has to ask: give ``silence`` beside the rest, after which nobody answers."""

    def test_a_venue_that_cannot_be_asked_has_no_now(
        self, clock: Clock, silence: Callable[[], None], advance: Callable[[], datetime]
    ) -> None:
        clock.now()
        advance()
        silence()
        with pytest.raises(TemporaryVenueError):
            clock.now()
