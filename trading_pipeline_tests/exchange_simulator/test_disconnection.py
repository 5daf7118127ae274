"""Cancel on disconnect: what a client leaves behind when it goes."""

import asyncio
import time
from pathlib import Path

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP
from websockets.sync.client import connect

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.disconnection import DisconnectionProtection, cancel_resting
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.hub import Connection
from trading_pipeline.exchange_simulator.orders import Order, Status
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order
from trading_pipeline_tests.exchange_simulator.conftest import START
from trading_pipeline_tests.exchange_simulator.test_streams import ask, auth

BTC = {"category": "linear", "symbol": "BTCUSDT"}


def test_what_rests_is_cancelled_and_the_positions_stop_stays() -> None:
    exchange = an_exchange(FLAT)
    order(exchange, "Buy", "1", stopLoss="90")
    resting = order(exchange, "Buy", "1", price="98")
    conditional = order(exchange, "Sell", "1", triggerPrice="95", triggerDirection=2)
    cancel_resting(exchange)
    assert (resting.cancel_type, conditional.cancel_type) == ("CancelByDCP", "CancelByDCP")
    [left] = exchange.orders.active()
    assert (left.terms.stop_order_type, exchange.positions["BTCUSDT"].size) == ("StopLoss", 1)


@pytest.mark.parametrize(
    ("events", "happened"),
    [
        (["watch a", "lose a"], True),
        (["watch a", "lose a", "watch b"], False),
        (["watch a", "watch b", "lose a"], False),
        (["lose a"], False),
        (["watch a", "lose a", "watch b", "lose b"], True),
    ],
)
def test_it_happens_once_when_the_last_watched_connection_stays_away(events: list[str], happened: bool) -> None:
    async def go() -> list[int]:
        times: list[int] = []
        guard = DisconnectionProtection(an_exchange(FLAT), lambda: times.append(1))
        connections = {"a": Connection(), "b": Connection()}
        guard.window_s = 0
        for event in events:
            verb, name = event.split()
            getattr(guard, verb)(connections[name])
        await asyncio.sleep(0.02)
        return times

    assert asyncio.run(go()) == [1] * happened


def test_a_client_that_goes_finds_its_orders_cancelled_when_it_is_back(venue: Addresses, client: HTTP) -> None:
    client.set_dcp(product="DERIVATIVES", timeWindow=3)
    assert client.get_account_info()["result"]["dcpStatus"] == "ON"
    client.place_order(**BTC, side="Buy", orderType="Limit", qty="0.01", price="54000", orderLinkId="left")
    with connect(venue.private_ws_url) as socket:
        assert ask(socket, auth(venue))["success"] is True
        assert ask(socket, {"op": "subscribe", "args": ["dcp.future"]})["success"] is True
    end = time.monotonic() + 6
    while client.get_open_orders(**BTC)["result"]["list"] and time.monotonic() < end:
        time.sleep(0.2)
    [found] = client.get_order_history(**BTC, orderLinkId="left")["result"]["list"]
    assert (found["orderStatus"], found["cancelType"]) == ("Cancelled", "CancelByDCP")


@pytest.mark.parametrize("window", [0, 2, 301])
def test_a_window_out_of_range_is_refused(client: HTTP, window: int) -> None:
    with pytest.raises(InvalidRequestError):
        client.set_dcp(product="DERIVATIVES", timeWindow=window)


@pytest.fixture
def left(tmp_path: Path) -> Configuration:
    """An exchange that was restarted, with a resting order of a client that was connected before."""
    state = tmp_path / "state"
    kept = Configuration(
        ("BTCUSDT",), seed=7, start=START, lock_step=Timeframe.M15, state=state, profile=ExecutionProfile.IDEAL
    )
    venue = build(kept, "test")
    [seat] = venue.seats.values()
    order(seat.exchange, "Buy", "0.01", price="54000")
    seat.disconnection.window_s = 0
    seat.disconnection.watch(Connection())
    venue.keep_changes()
    venue.end()
    return kept


def resting(kept: Configuration) -> list[Order]:
    """What rests according to the state file."""
    venue = build(kept, "test")
    venue.end()
    return venue.exchange.orders.active()


def test_a_client_that_is_not_back_after_a_restart_loses_its_orders(left: Configuration) -> None:
    venue = build(left, "test")
    with running_venue(venue):
        end = time.monotonic() + 10
        while venue.exchange.orders.active() and time.monotonic() < end:
            time.sleep(0.01)
    assert resting(left) == []


def test_a_client_that_is_back_after_a_restart_keeps_them(left: Configuration) -> None:
    venue = build(left, "test")
    [seat] = venue.seats.values()

    async def be_back() -> None:
        seat.disconnection.resume()
        seat.disconnection.watch(Connection())
        await asyncio.sleep(0.02)

    asyncio.run(be_back())
    venue.end()
    [kept] = resting(left)
    assert kept.status is Status.NEW
