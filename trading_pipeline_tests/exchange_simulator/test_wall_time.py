"""An exchange at wall time, and one that is reached over TLS."""

import json
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from websockets.sync.client import connect

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline_tests.exchange_simulator.conftest import Start

WEEK_MS = 7 * 86_400_000
WALL = Configuration(symbols=("BTCUSDT",), seed=7, wall=True)


def test_bars_are_moved_to_now_by_whole_weeks() -> None:
    venue = build(WALL, "test")
    series, recorded = venue.exchange.markets["BTCUSDT"].walk.series, generate("BTCUSDT", 7)
    shift_ms = series.first_ms - recorded.first_ms
    assert shift_ms % WEEK_MS == 0
    assert np.array_equal(series.close, recorded.close[: len(series.close)])
    start_ms = to_ms(datetime(2025, 11, 1, tzinfo=UTC))
    assert 0 <= venue.exchange.now_ms - shift_ms - start_ms < WEEK_MS


def test_virtual_time_is_wall_time(start_exchange: Start) -> None:
    venue = start_exchange(WALL)
    before = datetime.now(UTC)
    told = requests.get(f"{venue.rest_url}/v5/market/time", timeout=5).json()["time"]
    assert to_ms(before) <= told <= to_ms(datetime.now(UTC)) + 1
    assert requests.get(f"{venue.rest_url}/simulator/status", timeout=5).json()["mode"] == "wall"


def test_recorded_funding_moves_with_its_bars(tmp_path: Path) -> None:
    first = to_ms(datetime(2025, 1, 6, tzinfo=UTC))
    rows = [f"{first + 300_000 * number},100,101,99,100,5" for number in range(288 * 8)]
    (tmp_path / "BTCUSDT_5m.csv").write_text("open_time_ms,open,high,low,close,volume\n" + "\n".join(rows))
    (tmp_path / "BTCUSDT_funding.csv").write_text(f"funding_time_ms,funding_rate\n{first + 28_800_000},0.003\n")
    start = datetime(2025, 1, 6, 0, 5, tzinfo=UTC)
    exchange = build(replace(WALL, bars=tmp_path, start=start), "test").exchange
    market = exchange.markets["BTCUSDT"]
    [(at_ms, rate)] = market.recorded_funding.items()
    assert (at_ms - market.walk.series.first_ms, str(rate)) == (28_800_000, "0.003")


def test_an_account_goes_on_after_the_time_in_which_the_exchange_was_down(tmp_path: Path) -> None:
    kept = replace(WALL, state=tmp_path / "state")
    first = build(kept, "test")
    first.end()
    second = build(kept, "other")
    assert second.exchange.now_ms == first.exchange.now_ms
    assert first_bar(second) == first_bar(first)
    assert second.now_ms() > first.exchange.now_ms
    second.end()


def first_bar(venue: Venue) -> int:
    return venue.exchange.markets["BTCUSDT"].walk.series.first_ms


@pytest.mark.parametrize("changes", [{"speed": 2.0}, {"lock_step": Timeframe.M15}])
def test_wall_time_is_neither_stepped_nor_sped_up(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="neither stepped nor sped up"):
        build(replace(WALL, **changes), "test")  # type: ignore[arg-type]


def test_a_client_that_trusts_the_certificate_is_served_over_tls(start_exchange: Start, tmp_path: Path) -> None:
    venue = start_exchange(replace(WALL, tls=tmp_path / "tls"))
    chain = str(tmp_path / "tls" / "certificate.pem")
    assert venue.rest_url.startswith("https://")
    assert requests.get(f"{venue.rest_url}/v5/market/time", timeout=5, verify=chain).json()["retCode"] == 0
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{venue.rest_url}/v5/market/time", timeout=5)
    with connect(venue.public_ws_url, ssl=ssl.create_default_context(cafile=chain)) as stream:
        stream.send(json.dumps({"op": "ping"}))
        assert json.loads(stream.recv(timeout=5))["ret_msg"] == "pong"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_exchange_ends_while_a_client_is_saying_goodbye(tmp_path: Path) -> None:
    """The client has sent its close frame and does not end TLS: the exchange, told to end then, ends."""
    with running_exchange(replace(WALL, tls=tmp_path)) as venue, socket.socket() as plain:
        context = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        plain.connect(("127.0.0.1", urlsplit(venue.rest_url).port))
        raw = context.wrap_socket(plain, server_hostname="127.0.0.1")
        head = "GET /v5/public/linear HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        raw.sendall(f"{head}Sec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        raw.sendall(bytes([0x88, 0x80, 0, 0, 0, 0]))
        assert raw.recv(4096)[0] == 0x88
    assert not [thread for thread in threading.enumerate() if thread.name == "exchange"]


def test_a_certificate_is_made_once_and_its_key_is_its_owners_alone(start_exchange: Start, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    start_exchange(replace(WALL, tls=tmp_path))
    made = key.read_bytes()
    start_exchange(replace(WALL, tls=tmp_path))
    assert (key.read_bytes(), key.stat().st_mode & 0o077) == (made, 0)


def test_a_week_is_not_longer_than_what_is_kept_after_the_start() -> None:
    venue = build(WALL, "test")
    assert venue.end_ms - venue.exchange.now_ms > timedelta(days=200) / timedelta(milliseconds=1)
