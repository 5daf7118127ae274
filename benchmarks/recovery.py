"""How long a wave takes whose system loses a process, or a server, in the instant of the close.

Every process of the real system on a lock-step exchange, killed with SIGKILL one after the other, each as one bar
closes: from the close until its plans are stored, its orders answered and the one that died is there again. An
undisturbed wave is measured beside each. Budget: 15 s from any single kill.

    python benchmarks/recovery.py
"""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from wave_latency import SENSORS_RETURN_S, START, Market, wait_for_feed, write_config

from trading_pipeline.adapters.stores.operations.progress import progress
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes
from trading_pipeline.runtime.replay.lock_step import ExchangeClock, Stand
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings

VICTIMS = ("feed", "worker-trading", "worker-backfill", "daemon", "code-server", "webserver", "postgres", "redis")
BUDGET_S = 15.0
MARKET = Market(("BTCUSDT", "SOLUSDT"), START)
_PATIENCE_S = 180.0
_QUIET_S = 31.0
"""Of life after which a process counts as well again, so that its next restart waits no longer than the first."""


class Recovering:
    """A running system with the clock of its exchange."""

    def __init__(self, system: RunningSystem, clock: ExchangeClock, engine: Engine) -> None:
        self.system = system
        self.clock = clock
        self.engine = engine

    def pid(self, name: str) -> int:
        """Process id of a process of the system or of one of its servers, 0 while there is none."""
        if name in self.system.supervisor.pids:
            return self.system.supervisor.pids[name]
        program = {"postgres": "postgres", "redis": "redis-server"}[name]
        folder = str(self.system.state.folder)
        for process in psutil.process_iter(["cmdline"]):
            # a server may have written its address behind its name
            words = " ".join(process.info["cmdline"] or [""])
            # the server itself, and none of the processes that it has made
            if Path(words.split(" ")[0]).name == program and folder in words:
                return int(process.pid)
        return 0

    def wave(self, victim: str | None) -> float:
        """Wall seconds from a close to the end of everything it asks for, and to the victim's return."""
        self.keep_up(SENSORS_RETURN_S)
        before = 0 if victim is None else self.pid(victim)
        began = time.monotonic()
        if victim is not None:
            if not before:  # to kill process 0 is to kill oneself
                raise SystemExit(f"{victim} does not run")
            os.kill(before, signal.SIGKILL)
        while True:
            stand = self.clock.advance()
            self._settle(stand)
            if not stand.event:
                break
        while victim is not None and self.pid(victim) in (0, before):
            self.keep_up(0.05)
        return time.monotonic() - began

    def keep_up(self, seconds: float) -> None:
        """Do what ``up`` does meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.system.check()
            time.sleep(0.05)

    def _settle(self, stand: Stand) -> None:
        wave = None if stand.event else stand.now
        closing = closing_timeframes(stand.now, MARKET.timeframes)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._settled(wave, closing):
            if time.monotonic() > deadline:
                raise SystemExit(f"{stand} did not settle within {_PATIENCE_S:.0f} s")
            self.keep_up(0.05)

    def _settled(self, wave: object, closing: list[Timeframe]) -> bool:
        try:
            return progress(self.engine, wave, closing).settled(self.clock.executions())  # type: ignore[arg-type]
        except (OperationalError, InterfaceError):
            return False


@contextmanager
def running(folder: Path) -> Iterator[Recovering]:
    """All processes but the watchdog, which belongs to a clock that runs."""
    config = folder / "config"
    write_config(config, MARKET)
    exchange = ["--seed", "7", "--symbols", ",".join(MARKET.symbols), "--port", str(free_port())]
    exchange += ["--start", MARKET.start.isoformat(), "--lock-step", "15m", "--latency-ms", "0"]
    settings = GivenSettings(TRADING_STATE_DIR=folder / "state", TRADING_CONFIG_DIR=config)
    with RunningSystem(settings, free_port(), exchange) as system:
        if system.exchange is None:
            raise SystemExit("the bench needs the exchange simulator")
        engine = connect(system.state.variables["DATABASE_URL"])
        clock = ExchangeClock(system.exchange.rest_url)
        wait_for_feed(clock)
        try:
            yield Recovering(system, clock, engine)
        finally:
            engine.dispose()


def main() -> None:
    """Measure and print; one that takes longer than the budget ends with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--victims", nargs="*", default=list(VICTIMS))
    victims = parser.parse_args().victims
    console = Console()
    console.print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    table = Table("killed at the close", "undisturbed wave, s", "this wave, s", "wanted, s")
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder, running(Path(folder)) as system:
        for _ in range(3):  # the first runs of each process pay for its imports
            system.wave(None)
        for victim in victims:
            undisturbed, struck = system.wave(None), system.wave(victim)
            worst = max(worst, struck)
            console.print(f"{victim}: {struck:.2f} s, undisturbed {undisturbed:.2f} s")
            table.add_row(victim, f"{undisturbed:.2f}", f"{struck:.2f}", f"{BUDGET_S:.0f}")
            system.keep_up(_QUIET_S)
    console.print(table)
    if worst > BUDGET_S:
        raise SystemExit(f"a recovery took longer than {BUDGET_S:.0f} s")


if __name__ == "__main__":
    main()
