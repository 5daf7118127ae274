"""Market data of the exchange, with and without the bars it does not publish, and of the fake."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import pytest

from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.deriving_market_data import DerivingMarketData
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.contracts.live_market_contract import LiveMarketContract
from trading_pipeline_tests.contracts.market_data_contract import (
    MarketDataContract,
    PartlyPublishedContract,
    a_venue_time_within_a_bar,
)
from trading_pipeline_tests.testkit.builders import walk
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import FakeMarket, RecordedMarketData

MADE_OF = {Timeframe.H8: Timeframe.H1}


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    """An exchange whose clock stands five minutes after midnight."""
    with simulator(MarketDataContract.listed.symbol, lock_step="5m") as running:
        running.advance()
        yield running


def recorded(timeframe: Timeframe, count: int) -> RecordedMarketData:
    """The listed instrument's bars, the last of which is forming, told in no order."""
    now = a_venue_time_within_a_bar()
    start = timeframe.floor(now) - count * timeframe.duration
    bars = walk(MarketDataContract.listed, start, count + 1, timeframe)
    return RecordedMarketData(bars[::-1], now)


class TestBybitMarketData(PartlyPublishedContract):
    unpublished: ClassVar = Timeframe.H8

    @pytest.fixture
    def market(self, exchange: Simulator) -> BybitMarketData:
        return exchange.market_data()


class TestBybitMarketDataWithDerivedBars(MarketDataContract):
    timeframe: ClassVar = Timeframe.H8
    count: ClassVar = 130  # made of 1,040 hours

    @pytest.fixture
    def market(self, exchange: Simulator) -> DerivingMarketData:
        return DerivingMarketData(exchange.market_data(), MADE_OF)


class TestRecordedMarketData(MarketDataContract):
    @pytest.fixture
    def market(self) -> RecordedMarketData:
        return recorded(self.timeframe, self.count)


class TestDerivingFromRecordedMarketData(MarketDataContract):
    timeframe: ClassVar = Timeframe.H8
    count: ClassVar = 130

    @pytest.fixture
    def market(self) -> DerivingMarketData:
        return DerivingMarketData(recorded(Timeframe.H1, 8 * self.count), MADE_OF)


class TestBybitLiveMarket(LiveMarketContract):
    @pytest.fixture
    def live_market(self, exchange: Simulator) -> BybitMarketData:
        return exchange.market_data()

    @pytest.fixture
    def now(self, exchange: Simulator) -> datetime:
        return exchange.market_data().server_time()


class TestFakeMarket(LiveMarketContract):
    @pytest.fixture
    def now(self) -> datetime:
        return a_venue_time_within_a_bar()

    @pytest.fixture
    def live_market(self, now: datetime) -> FakeMarket:
        return FakeMarket(FakeClock(now))
