"""What the whole system costs while no bar closes.

Every process of ``up`` at the default universe, on a simulated exchange whose clock has just passed a close, so that
none comes while it is measured: processor time of each over a minute, in hundredths of one core. The exchange is
printed apart, as a real venue is no process of ours. Budget: 5 % of one core for all others together.

    python benchmarks/idle.py
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings

START = datetime(2025, 6, 2, 12, 0, 30, tzinfo=UTC)
BUDGET = 5.0
SETTLES_S = 60
"""Until the bars of history are fetched and the runs of the start are over."""


def seconds_of(system: RunningSystem) -> dict[str, float]:
    """Processor seconds so far, of each supervised process with its children and of each server."""
    found = {}
    for name, pid in system.supervisor.pids.items():
        leader = psutil.Process(pid)
        found[name] = sum(map(_spent, [leader, *leader.children(recursive=True)]))
    folder = str(system.state.folder)
    for server in ("postgres", "redis-server"):
        leaders = [one for one in psutil.process_iter() if _serves(one, server, folder)]
        family = [each for one in leaders for each in (one, *one.children(recursive=True))]
        found[server] = sum(map(_spent, family))
    return found


def _serves(process: psutil.Process, program: str, folder: str) -> bool:
    try:
        words = " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    return Path(words.split(" ")[0]).name == program and folder in words


def _spent(process: psutil.Process) -> float:
    """Also of children that have ended, which a process that forks for a moment would hide otherwise."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def main() -> None:
    """Measure and print; more than the budget ends with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    console = Console()
    console.print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        settings = GivenSettings(TRADING_STATE_DIR=Path(folder) / "state", TRADING_API_PORT=free_port())
        symbols = ",".join(one.symbol for one in load_universe(settings.config_dir).instrument_ids)
        exchange = ["--seed", "7", "--symbols", symbols, "--port", str(free_port()), "--start", START.isoformat()]
        with RunningSystem(settings, free_port(), exchange, with_api=True, watched=True) as system:
            _keep_up(system, SETTLES_S)
            before, began = seconds_of(system), time.monotonic()
            _keep_up(system, seconds)
            after, took = seconds_of(system), time.monotonic() - began
    shares = {name: 100 * (after[name] - before[name]) / took for name in after}
    table = Table("process", "% of one core")
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        table.add_row(name, f"{share:.2f}")
    console.print(table)
    ours = sum(share for name, share in shares.items() if name != "exchange")
    console.print(f"all but the exchange: {ours:.2f} % of one core, budget {BUDGET:.0f}")
    if ours > BUDGET:
        raise SystemExit("the budget is not kept")


def _keep_up(system: RunningSystem, seconds: float) -> None:
    """Do what ``up`` does meanwhile."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        system.check()
        time.sleep(0.5)


if __name__ == "__main__":
    main()
