"""Accounts: Bybit's adapter on the exchange, and the fake venue."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import cast

import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.domain.model.errors import TemporaryVenueError, TurnedAway
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.contracts.trading_contract import FailingTradingContract, TradingContract
from trading_pipeline_tests.testkit.builders import START, instrument
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fake_venue import FakeVenue, ResponseLost


class Unhurried:
    """Asks again when the venue refused before looking, which it does after ten orders a second."""

    def __init__(self, trading: BybitTrading) -> None:
        self._trading = trading
        self._retrying = Retrying(
            retry=retry_if_exception_type(TurnedAway), stop=stop_after_attempt(10), wait=wait_fixed(0.2), reraise=True
        )

    def __getattr__(self, name: str) -> Callable[..., object]:
        return partial(self._retrying, getattr(self._trading, name))


@pytest.fixture(scope="module")
def exchange() -> Iterator[Simulator]:
    """One for all tests of the account that works."""
    with simulator(TradingContract.listed.symbol) as running:
        yield running


class TestBybitTrading(TradingContract):
    @pytest.fixture
    def trading(self, exchange: Simulator) -> Trading:
        return cast("Trading", Unhurried(exchange.trading()))

    @pytest.fixture
    def instrument(self, exchange: Simulator) -> Instrument:
        return exchange.market_data().instruments()[self.listed]

    @pytest.fixture
    def price(self, exchange: Simulator) -> Decimal:
        market = exchange.market_data()
        now = market.server_time()
        return market.bars(self.listed, Timeframe.M15, now - timedelta(minutes=30), now)[-1].close


class TestBybitTradingThatFails(FailingTradingContract):
    @pytest.fixture
    def failing(self) -> Iterator[Simulator]:
        """An exchange of one's own: a fault meets whatever request comes next."""
        with simulator(self.listed.symbol) as running:
            yield running

    @pytest.fixture
    def trading(self, failing: Simulator) -> BybitTrading:
        return failing.trading()

    @pytest.fixture
    def lose_next_answer(self, failing: Simulator) -> Callable[[], None]:
        return lambda: failing.fault("drop_response", "/v5/order/create")

    @pytest.fixture
    def fail_reads(self, failing: Simulator) -> Callable[[], None]:
        attempts = 2
        return lambda: failing.fault("http_500", "/v5/position/list", count=attempts)


PRICE = Decimal(100)


def a_fake_venue() -> FakeVenue:
    """At one price."""
    return FakeVenue(FakeClock(START), {TradingContract.listed: PRICE})


class TestFakeVenue(TradingContract):
    @pytest.fixture
    def trading(self) -> FakeVenue:
        return a_fake_venue()

    @pytest.fixture
    def price(self) -> Decimal:
        return PRICE

    @pytest.fixture
    def instrument(self) -> Instrument:
        return instrument(self.listed)


class TestFakeVenueThatFails(FailingTradingContract):
    @pytest.fixture
    def trading(self) -> FakeVenue:
        return a_fake_venue()

    @pytest.fixture
    def lose_next_answer(self, trading: FakeVenue) -> Callable[[], None]:
        return lambda: trading.faults["submit"].append(ResponseLost())

    @pytest.fixture
    def fail_reads(self, trading: FakeVenue) -> Callable[[], None]:
        return lambda: trading.faults["positions"].append(TemporaryVenueError("no answer within 10 s"))
