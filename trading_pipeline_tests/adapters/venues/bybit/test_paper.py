"""Paper mode: the markets of one exchange, the account of another that lives on its prices.

The first stands for the real venue, the second is the one that `up` starts; everything between them is loopback.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest

from trading_pipeline.adapters.venues.bybit.venue import Bybit
from trading_pipeline.domain.model.errors import (
    OrderRejectedByVenue,
    TradingForbiddenByVenue,
    TurnedAway,
    VenueError,
)
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, Purpose, Side
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.live_venue import LiveVenue
from trading_pipeline.exchange_simulator.server import Addresses, running_exchange
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.adapters.venues.bybit.test_against_simulator import INSTRUMENT, an_order

SYMBOLS = ("BTCUSDT", "SOLUSDT")
START = datetime(2025, 5, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Paper:
    """A paper system's venue, and the exchange that stands for the real one."""

    venue: Bybit
    real: Addresses


def until(condition: Callable[[], bool]) -> None:
    """Wait for ``condition``."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.15)


@pytest.fixture(scope="module")
def paper() -> Iterator[Paper]:
    with running_exchange(Configuration(SYMBOLS, seed=5, wall=True, start=START)) as real:
        live = LiveVenue(real.rest_url, real.public_ws_url)
        with running_exchange(Configuration(SYMBOLS, wall=True, live=live)) as account:
            settings = GivenSettings.model_validate(
                {
                    "TRADING_MODE": TradingMode.PAPER,
                    "BYBIT_REST_URL": account.rest_url,
                    "BYBIT_PRIVATE_WS_URL": account.private_ws_url,
                    "BYBIT_MARKET_REST_URL": real.rest_url,
                    "BYBIT_PUBLIC_WS_URL": real.public_ws_url,
                    "BYBIT_API_KEY": account.api_key,
                    "BYBIT_API_SECRET": account.api_secret,
                }
            )
            yield Paper(Bybit(settings), real)


def filled(paper: Paper, intent: OrderIntent) -> Decimal:
    """Send until there is a price to trade at; the average price."""
    trading = paper.venue.trading()

    def accepted() -> bool:
        try:
            trading.submit(intent)
        except (OrderRejectedByVenue, TradingForbiddenByVenue, TurnedAway):
            return False
        return True

    until(accepted)
    found = []

    def final() -> bool:
        report = trading.order(INSTRUMENT, intent.order_link_id)
        found[:] = [report] if report is not None else []
        return report is not None and report.state is IntentState.FILLED

    until(final)
    return found[0].average_price or Decimal(0)


def test_markets_are_those_of_the_real_venue(paper: Paper) -> None:
    market = paper.venue.market_data()
    assert set(market.instruments()) == {"BTCUSDT.BYBIT", "SOLUSDT.BYBIT"}
    now = market.server_time()
    assert len(market.bars(INSTRUMENT, Timeframe.M15, now - 10 * Timeframe.M15.duration, now)) in (9, 10)
    assert paper.venue.market_stream([INSTRUMENT], [Timeframe.M15]).url == paper.real.public_ws_url


def test_a_paper_order_fills_at_the_real_price(paper: Paper) -> None:
    price = filled(paper, an_order("paper-entry"))
    book = paper.venue.live_market().order_book(INSTRUMENT)
    middle = (book.bids[0][0] + book.asks[0][0]) / 2
    assert abs(price / middle - 1) < Decimal("0.01")
    (held,) = paper.venue.trading().positions()
    assert (held.instrument_id, held.side) == (INSTRUMENT, Side.BUY)
    filled(paper, an_order("paper-exit", side=Side.SELL, purpose=Purpose.OPERATOR_EXIT))
    assert paper.venue.trading().positions() == []
    own = Bybit(
        GivenSettings.model_validate(
            {
                "TRADING_MODE": TradingMode.SIMULATED,
                "BYBIT_REST_URL": paper.real.rest_url,
                "BYBIT_API_KEY": paper.real.api_key,
                "BYBIT_API_SECRET": paper.real.api_secret,
            }
        )
    )
    assert own.trading().fills(START) == []


def test_without_the_real_venue_nothing_is_traded() -> None:
    with ExitStack() as away, ExitStack() as back:
        real = away.enter_context(running_exchange(Configuration(SYMBOLS, seed=5, wall=True, start=START)))
        live = LiveVenue(real.rest_url, real.public_ws_url)
        account = back.enter_context(running_exchange(Configuration(SYMBOLS, wall=True, live=live)))
        settings = {
            "TRADING_MODE": TradingMode.SIMULATED,
            "BYBIT_REST_URL": account.rest_url,
            "BYBIT_API_KEY": account.api_key,
            "BYBIT_API_SECRET": account.api_secret,
        }
        alone = Paper(Bybit(GivenSettings.model_validate(settings)), real)
        filled(alone, an_order("before"))
        away.close()
        numbers = count()

        def refused() -> bool:
            try:
                alone.venue.trading().submit(an_order(f"while-{next(numbers)}"))
            except VenueError:
                return True
            return False

        until(refused)
        port = int(real.rest_url.rpartition(":")[2])
        back.enter_context(running_exchange(Configuration(SYMBOLS, seed=5, wall=True, start=START, port=port)))
        filled(alone, an_order("after"))
