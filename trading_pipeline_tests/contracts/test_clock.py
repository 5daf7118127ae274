"""Venue time: asked for at the exchange, carried forward, and held in a test's hand."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from trading_pipeline.adapters.venues.bybit.venue import Bybit
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.settings import Settings
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.contracts.clock_contract import ClockContract, FailingClockContract
from trading_pipeline_tests.testkit.builders import START
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

STEP = timedelta(minutes=15)
MAX_AGE_S = 30.0


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    """One for all."""
    with simulator("SOLUSDT") as running:
        yield running


class TestBybitClock(ClockContract):
    @pytest.fixture
    def clock(self, exchange: Simulator) -> VenueClock:
        return Bybit(Settings.model_validate(exchange.environment())).clock()

    @pytest.fixture
    def advance(self, exchange: Simulator) -> Callable[[], datetime]:
        return exchange.advance


@pytest.fixture
def venue() -> RecordedMarketData:
    """A venue of which only the time matters."""
    return RecordedMarketData([], START)


class TestVenueClockThatAsksEveryTime(FailingClockContract):
    @pytest.fixture
    def clock(self, venue: RecordedMarketData) -> VenueClock:
        return VenueClock(venue, 0.0)

    @pytest.fixture
    def advance(self, venue: RecordedMarketData) -> Callable[[], datetime]:
        def advance() -> datetime:
            venue.time += STEP
            return venue.time

        return advance

    @pytest.fixture
    def silence(self, venue: RecordedMarketData) -> Callable[[], None]:
        return lambda: setattr(venue, "silent", True)


class TestVenueClockThatCarriesForward(TestVenueClockThatAsksEveryTime):
    @pytest.fixture
    def ticks(self) -> list[float]:
        """This machine's monotonic clock, in seconds."""
        return [0.0]

    @pytest.fixture
    def clock(self, venue: RecordedMarketData, ticks: list[float]) -> VenueClock:
        return VenueClock(venue, MAX_AGE_S, monotonic=lambda: ticks[0])

    @pytest.fixture
    def advance(self, venue: RecordedMarketData, ticks: list[float]) -> Callable[[], datetime]:
        def advance() -> datetime:
            ticks[0] += STEP.total_seconds()
            venue.time += STEP
            return venue.time

        return advance


class TestFakeClock(ClockContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(START)

    @pytest.fixture
    def advance(self, clock: FakeClock) -> Callable[[], datetime]:
        gone: list[timedelta] = []

        def advance() -> datetime:
            clock.advance(STEP)
            gone.append(STEP)
            return START + len(gone) * STEP

        return advance
