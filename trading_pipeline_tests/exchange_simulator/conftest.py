"""A running exchange and clients that were not written for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests
from pybit.unified_trading import HTTP

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.server import Addresses, running_exchange, running_venue

Start = Callable[[Configuration], Addresses]
START = datetime(2025, 11, 1, tzinfo=UTC)
LOCK_STEP = Configuration(
    symbols=("BTCUSDT", "SOLUSDT"), seed=7, start=START, lock_step=Timeframe.M15, profile=ExecutionProfile.IDEAL
)


@pytest.fixture
def start_exchange() -> Iterator[Start]:
    """Starts exchanges that end with the test."""
    with ExitStack() as running:
        yield lambda configuration: running.enter_context(running_exchange(configuration))


@pytest.fixture(scope="session")
def generated() -> dict[str, BarSeries]:
    """The bars of ``LOCK_STEP``; nothing changes them, so all tests share them."""
    return {symbol: generate(symbol, LOCK_STEP.seed) for symbol in LOCK_STEP.symbols}


@pytest.fixture
def venue(generated: dict[str, BarSeries]) -> Iterator[Addresses]:
    """Generated bars in lock-step of 15m at 2025-11-01."""
    with running_venue(assemble(LOCK_STEP, generated, START, "test")) as addresses:
        yield addresses


@pytest.fixture
def client(venue: Addresses) -> HTTP:
    """pybit, told another address and nothing else."""
    return pybit_client(venue)


def pybit_client(venue: Addresses, **changes: str) -> HTTP:
    """pybit with the account's key pair, or with other arguments."""
    http = HTTP(**({"api_key": venue.api_key, "api_secret": venue.api_secret, "max_retries": 1} | changes))
    http.endpoint = venue.rest_url
    return http


def advance(venue: Addresses, steps: int = 1) -> dict[str, object]:
    """Step the clock to a later close; returns the last answer."""
    answer: dict[str, object] = {}
    while steps:
        answer = walk_on(venue)
        steps -= answer["at"] == "close"
    return answer


def walk_on(venue: Addresses) -> dict[str, object]:
    """Step the clock to the next close or account event; returns the answer."""
    response = requests.post(f"{venue.rest_url}/simulator/advance", timeout=10)
    response.raise_for_status()
    answer: dict[str, object] = response.json()
    return answer


def last_price(client: HTTP, symbol: str = "BTCUSDT") -> float:
    """The last traded price."""
    ticker = client.get_tickers(category="linear", symbol=symbol)["result"]["list"][0]
    return float(ticker["lastPrice"])


def wait_for_subscription(venue: Addresses, topic: str) -> None:
    """Return once somebody listens to the topic; clients subscribe without waiting for the answer."""
    end = time.monotonic() + 10
    while topic not in topics(venue):
        assert time.monotonic() < end, f"nobody subscribed to {topic}"
        time.sleep(0.02)


def topics(venue: Addresses) -> list[str]:
    """What is listened to on both streams."""
    status = requests.get(f"{venue.rest_url}/simulator/status", timeout=5).json()
    heard: list[str] = status["public_topics"] + status["private_topics"]
    return heard
