import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from pybit.exceptions import InvalidRequestError

from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.server import Addresses, listen
from trading_pipeline_tests.exchange_simulator.conftest import pybit_client, walk_on

RUN = [sys.executable, "-c", "import typer; from trading_pipeline.cli.exchange import exchange; typer.run(exchange)"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_announces_itself_serves_and_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    process = subprocess.Popen([*RUN, "--symbols", "BTCUSDT", "--lock-step", "15m"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert (
            requests.get(told["rest_url"] + "/simulator/status", timeout=10).json()["account_id"] == told["account_id"]
        )
    finally:
        process.send_signal(number)
        assert process.wait(timeout=10) == 0


def started(*options: str) -> tuple[subprocess.Popen[str], Addresses]:
    process = subprocess.Popen([*RUN, "--symbols", "BTCUSDT", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Addresses(**json.loads(process.stdout.readline()))


def test_an_order_that_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    options = ("--lock-step", "15m", "--state", str(tmp_path / "state"))
    first, addresses = started(*options)
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
    pybit_client(addresses).place_order(**order, orderLinkId="before")
    first.kill()
    first.wait(timeout=10)
    second, addresses = started(*options)
    try:
        client = pybit_client(addresses)
        # It was on its way to the market when the exchange died.
        walk_on(addresses)
        [found] = client.get_open_orders(category="linear", orderLinkId="before")["result"]["list"]
        [position] = client.get_positions(category="linear", symbol="BTCUSDT")["result"]["list"]
        assert (found["orderStatus"], position["size"]) == ("Filled", "0.01")
        with pytest.raises(InvalidRequestError, match="duplicate"):
            client.place_order(**order, orderLinkId="before")
    finally:
        second.terminate()
        assert second.wait(timeout=10) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost"])
def test_the_address_announced_can_be_reached_whatever_it_listens_on(host: str) -> None:
    process = subprocess.Popen([*RUN, "--symbols", "BTCUSDT", "--host", host], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert [urlsplit(told[name]).hostname for name in told if name.endswith("_url")] == ["127.0.0.1"] * 3
        assert requests.get(told["rest_url"] + "/v5/market/time", timeout=10).json()["retCode"] == 0
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_it_listens_beyond_loopback_only_when_told_to() -> None:
    with listen("0.0.0.0", 0) as everywhere, listen(Configuration(("BTCUSDT",)).host, 0) as here:
        assert (everywhere.getsockname()[0], here.getsockname()[0]) == ("0.0.0.0", "127.0.0.1")


def refused(*arguments: str) -> str:
    result = subprocess.run([*RUN, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--symbols", "BTC-PERP"], "'BTC-PERP' is not tradable"),
        (["--symbols", "BTCUSDT", "--start", "soon"], "'soon' is no ISO 8601 instant"),
        (["--symbols", "BTCUSDT", "--start", "2020-01-01"], "outside the generated bars"),
        (["--symbols", "BTCUSDT", "--lock-step", "7m"], "unknown timeframe '7m'"),
        (["--symbols", "BTCUSDT", "--balance", "-5"], "--balance -5: no positive amount"),
        (["--symbols", "BTCUSDT", "--funding-interval-hours", "7"], "interval_hours = 7: must divide 24"),
        (["--symbols", "BTCUSDT", "--wall", "--speed", "2"], "wall time can be neither stepped nor sped up"),
        (["--symbols", "BTCUSDT", "--faults", "/no/such/file"], "faults file /no/such/file cannot be read"),
        (["--symbols", "BTCUSDT", "--state", "/no/such/folder/state"], "unable to open database file"),
        (["--symbols", "BTCUSDT", "--port", "99999"], "port 99999 cannot be used"),
        (["--symbols", "BTCUSDT", "--host", "192.0.2.1"], "192.0.2.1 port 0 cannot be used"),
        (["--symbols", "BTCUSDT", "--host", "no.such.host.invalid"], "host 'no.such.host.invalid' is unknown"),
    ],
)
def test_wrong_argument_is_one_line_and_exit_code_two(arguments: list[str], problem: str) -> None:
    assert problem in refused(*arguments)


def test_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} cannot be used" in refused("--symbols", "BTCUSDT", "--port", port)


def test_bad_row_of_a_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT_5m.csv").write_text("open_time_ms,open,high,low,close,volume\n1735689600000,10,9,11,10,1\n")
    line = refused("--symbols", "BTCUSDT", "--bars", str(tmp_path))
    assert "BTCUSDT_5m.csv: row 1: high is below low" in line
