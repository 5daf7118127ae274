"""The same replay as the undisturbed one, with three of its processes killed on the way."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from trading_pipeline_tests.scenarios.conftest import FinishedDemo
from trading_pipeline_tests.scenarios.replayed_demo import TIMEOUT_S, Demo, database_of, demo, rows

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]

VICTIMS = {2: "worker-trading", 4: "feed", 5: "daemon", 7: "worker-trading"}
"""Name by the number of the close after which it is killed; the fourth opens a position."""


@dataclass(frozen=True)
class Killed:
    """A demo that ended although processes of it were killed.

    :param pids: of each victim before and after, by close.
    """

    trading: Engine
    output: str
    pids: dict[int, tuple[int, int]]


def address(running: Demo) -> str | None:
    log = running.log_dir / "exchange.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return next((str(httpx.Response(200, text=line).json()["rest_url"]) for line in lines if line[:1] == "{"), None)


def await_close(running: Demo, url: str, minutes: int, deadline: float) -> None:
    """Until the exchange's clock has come that far."""
    while True:
        now = str(httpx.get(f"{url}/simulator/status", timeout=30).json()["now"])
        if int(now[11:13]) * 60 + int(now[14:16]) >= minutes:
            return
        assert running.process.poll() is None, running.finish()
        assert time.monotonic() < deadline, f"no close at minute {minutes}"
        time.sleep(0.05)


def kill(running: Demo, name: str, deadline: float) -> tuple[int, int]:
    """Kill the leader of the process's group and wait until the supervisor has started another."""
    before = running.pid(name)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    while (after := running.pid(name)) in (None, before):
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.05)
    assert after is not None
    return before, after


@pytest.fixture(scope="module")
def killed(open_folder: Path) -> Iterator[Killed]:
    folder = open_folder / "killed"
    folder.mkdir()
    deadline = time.monotonic() + TIMEOUT_S
    with demo(folder) as running:
        while (url := address(running)) is None:
            assert running.process.poll() is None, running.finish()
            assert time.monotonic() < deadline, "the exchange did not start"
            time.sleep(0.1)
        pids = {}
        for close, name in VICTIMS.items():
            await_close(running, url, close * 15, deadline)
            pids[close] = kill(running, name, deadline)
        output = running.finish()
    with database_of(folder) as engines:
        yield Killed(engines["trading"], output, pids)


def test_every_killed_process_is_started_again(killed: Killed) -> None:
    assert [before != after for before, after in killed.pids.values()] == [True] * len(VICTIMS)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT instrument_id, timeframe, open_time, open, high, low, close, volume FROM trading.bars ORDER BY 1, 2, 3",
        "SELECT instrument_id, timeframe, close_time, values::text FROM trading.indicator_snapshots ORDER BY 1, 2, 3",
        "SELECT signal_id, bias, entry_price, stop_price FROM trading.signals ORDER BY 1",
        "SELECT order_link_id, purpose, side, quantity, price, stop_loss FROM trading.order_intents ORDER BY 1",
        "SELECT position_id, status, entry_quantity, entry_price, exit_reason FROM trading.positions ORDER BY 1",
        "SELECT order_link_id, side, quantity, price, executed_at FROM trading.fills WHERE order_link_id <> '' "
        "ORDER BY executed_at, order_link_id",
    ],
    ids=["bars", "snapshots", "signals", "orders", "positions", "fills"],
)
def test_the_replay_ends_as_the_undisturbed_one(killed: Killed, finished: FinishedDemo, query: str) -> None:
    undisturbed = rows(finished.trading, query)
    assert undisturbed
    assert rows(killed.trading, query) == undisturbed


def test_no_order_was_sent_twice(killed: Killed) -> None:
    assert not rows(
        killed.trading,
        "SELECT order_link_id FROM trading.order_intents GROUP BY 1 HAVING count(DISTINCT venue_order_id) > 1",
    )
    assert not rows(
        killed.trading,
        "SELECT plan_id FROM trading.order_intents WHERE purpose = 'E' GROUP BY 1 HAVING count(*) > 1",
    )


def test_no_position_was_without_a_stop(killed: Killed) -> None:
    entries = rows(killed.trading, "SELECT stop_loss FROM trading.order_intents WHERE purpose = 'E'")
    assert entries
    assert all(stop is not None for (stop,) in entries)
    assert not rows(killed.trading, "SELECT FROM trading.positions WHERE stop_price IS NULL")


def test_nothing_is_left_unsettled(killed: Killed) -> None:
    assert not rows(killed.trading, "SELECT FROM trading.trade_plans WHERE status IN ('new', 'claimed')")
    assert not rows(killed.trading, "SELECT FROM trading.order_intents WHERE state IN ('intended', 'sent', 'unknown')")
