"""The same replay, with feed, worker and PostgreSQL killed at random: its bars are those of the undisturbed one."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trading_pipeline_tests.scenarios.conftest import FinishedDemo
from trading_pipeline_tests.scenarios.replayed_demo import TIMEOUT_S, WAVES, Demo, database_of, demo, rows
from trading_pipeline_tests.scenarios.test_demo_killed import address, await_close

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900), pytest.mark.xdist_group("demo")]

# a worker needs the longest until it is warm again
VICTIMS = 8 * ("feed",) + 4 * ("worker-trading",) + 8 * ("postgres",)


@dataclass(frozen=True)
class Killed:
    """A demo that ended although it was struck again and again.

    :param strikes: how often each process was killed.
    """

    trading: Engine
    strikes: Counter[str]


def leader(running: Demo, name: str) -> int | None:
    """Process id of a process or of the server, ``None`` while there is none."""
    if name != "postgres":
        return running.pid(name)
    path = running.folder / "state" / "postgres" / "postmaster.pid"
    lines = path.read_text().split() if path.exists() else []
    return int(lines[0]) if lines else None


def killed_now(pid: int | None) -> bool:
    """Whether there was such a process to kill."""
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def strike(running: Demo, name: str, deadline: float) -> None:
    """Kill, and wait until the supervisor has started another."""
    # What a kill before this one took along is being started again, and its file may still name the one that died.
    while not killed_now(before := leader(running, name)):
        assert running.process.poll() is None, running.finish()
        assert time.monotonic() < deadline, f"{name} was not running again"
        time.sleep(0.05)
    while leader(running, name) in (None, before):
        assert running.process.poll() is None, running.finish()
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def killed(open_folder: Path) -> Iterator[Killed]:
    folder = open_folder / "killed-at-random"
    folder.mkdir()
    deadline, dice, strikes = time.monotonic() + TIMEOUT_S, random.Random(8), Counter[str]()
    with demo(folder) as running:
        while (url := address(running)) is None:
            assert running.process.poll() is None, running.finish()
            assert time.monotonic() < deadline, "the exchange did not start"
            time.sleep(0.1)
        for number, name in enumerate(dice.sample(VICTIMS, len(VICTIMS))):
            # two strikes a close; the clock stands until it is answered, so that each meets work
            await_close(running, url, (1 + number * (WAVES - 2) // len(VICTIMS)) * 15, deadline)
            time.sleep(dice.uniform(0, 0.5))
            strike(running, name, deadline)
            strikes[name] += 1
        running.finish()
    with database_of(folder) as engines:
        yield Killed(engines["trading"], strikes)


def test_each_of_them_was_struck_and_twenty_times_in_all(killed: Killed) -> None:
    assert killed.strikes == Counter(VICTIMS)
    assert killed.strikes.total() == 20


@pytest.mark.parametrize(
    "query",
    [
        "SELECT instrument_id, timeframe, open_time, open, high, low, close, volume, turnover FROM trading.bars "
        "ORDER BY 1, 2, 3",
        "SELECT DISTINCT instrument_id, timeframe, open_time, open, high, low, close, volume, turnover "
        "FROM trading.raw_bars ORDER BY 1, 2, 3",
        "SELECT instrument_id, timeframe, close_time, passed FROM trading.data_checks ORDER BY 1, 2, 3",
    ],
    ids=["bars", "raw bars", "checks"],
)
def test_the_bars_are_those_of_the_undisturbed_replay(killed: Killed, finished: FinishedDemo, query: str) -> None:
    undisturbed = rows(finished.trading, query)
    assert undisturbed
    assert rows(killed.trading, query) == undisturbed
