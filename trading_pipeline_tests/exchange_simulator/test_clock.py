import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.clock import FreeClock, LockStepClock
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline_tests.exchange_simulator.conftest import LOCK_STEP, Start

START = datetime(2025, 11, 1, tzinfo=UTC)
FIVES = Path(__file__).resolve().parents[1] / "samples" / "bars_5m"


def test_free_clock_never_passes_wall_time() -> None:
    wall = START + timedelta(seconds=1)
    clock = FreeClock(START, speed=1e12, wall=lambda: wall)
    assert clock.now_ms() == to_ms(wall)


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_speed_that_stands_or_runs_backwards_is_refused(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="not positive"):
        FreeClock(START, speed)


def test_lock_step_clock_starts_only_at_a_close() -> None:
    with pytest.raises(ConfigurationError, match="no close of a 15m bar; use 2025-11-01T00:00:00"):
        LockStepClock(START + timedelta(minutes=3), Timeframe.M15)


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        (Configuration(symbols=()), "empty or repeated"),
        (Configuration(symbols=("BTCUSDT", "BTCUSDT")), "empty or repeated"),
        (Configuration(symbols=("BTCUSDT",), start=datetime(2024, 1, 1, tzinfo=UTC)), "outside the generated bars"),
        (Configuration(symbols=("BTCUSDT",), start=datetime(2027, 3, 1, tzinfo=UTC)), "future"),
        (Configuration(symbols=("BTCUSDT",), bars=FIVES, lock_step=Timeframe.M1), "multiple"),
        (Configuration(symbols=("BTCUSDT",), bars=Path("/nowhere")), "/nowhere does not exist"),
    ],
)
def test_configuration_that_cannot_run_is_refused(configuration: Configuration, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        build(configuration, "test")


def test_status_of_a_free_clock_maps_virtual_to_wall_instants(start_exchange: Start) -> None:
    venue = start_exchange(Configuration(symbols=("BTCUSDT",), start=START, speed=100.0))
    status = requests.get(f"{venue.rest_url}/simulator/status", timeout=5).json()
    moments = {
        name: datetime.fromisoformat(status[name]) for name in ("now", "wall_now", "virtual_start", "wall_start")
    }
    mapped = moments["virtual_start"] + (moments["wall_now"] - moments["wall_start"]) * status["speed"]
    assert abs(mapped - moments["now"]) < timedelta(seconds=status["speed"])
    assert status["mode"] == "free"


def test_a_clock_that_runs_free_takes_no_step(start_exchange: Start) -> None:
    venue = start_exchange(Configuration(symbols=("BTCUSDT",), start=START))
    response = requests.post(f"{venue.rest_url}/simulator/advance", timeout=5)
    assert (response.status_code, "runs free" in response.json()["error"]) == (409, True)


def test_no_step_leads_past_wall_time(start_exchange: Start) -> None:
    today = Timeframe.D1.floor(datetime.now(UTC))
    venue = start_exchange(Configuration(symbols=("BTCUSDT",), start=today, lock_step=Timeframe.D1))
    response = requests.post(f"{venue.rest_url}/simulator/advance", timeout=5)
    assert (response.status_code, "wall" in response.json()["error"]) == (409, True)


def test_closed_bars_arrive_while_the_clock_runs_free(start_exchange: Start) -> None:
    venue = start_exchange(Configuration(symbols=("BTCUSDT",), start=START, speed=3000.0))
    with connect(venue.public_ws_url) as socket:
        socket.send(json.dumps({"op": "subscribe", "args": ["kline.5.BTCUSDT"]}))
        entries = []
        while sum(entry["confirm"] for entry in entries) < 3:
            entries += json.loads(socket.recv(timeout=5)).get("data", [])
    closed = [entry["start"] for entry in entries if entry["confirm"]]
    assert [later - earlier for earlier, later in pairwise(closed)] == [300_000, 300_000]


def test_two_exchanges_with_one_seed_show_the_same_prices(start_exchange: Start) -> None:
    rows = []
    for _ in range(2):
        venue = start_exchange(LOCK_STEP)
        requests.post(f"{venue.rest_url}/simulator/advance", timeout=5)
        query = "category=linear&symbol=SOLUSDT&interval=60&limit=100"
        rows.append(requests.get(f"{venue.rest_url}/v5/market/kline?{query}", timeout=5).json()["result"])
    assert rows[0] == rows[1]
