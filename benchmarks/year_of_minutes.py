"""A year of minutes of five symbols, launched as partitions as the UI does it: from the button to the backfill's end.

    python benchmarks/year_of_minutes.py [--symbols 5] [--days 365]

Every process of the real system on the simulated exchange, whose clock stands, so that nothing else is computed. Prints
the wall time, how many runs it took, the bars that are stored and judged, and the processor time of each process.
"""

import argparse
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import yaml
from sqlalchemy import text
from wave_latency import EAGER

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.runtime.replay.backfill import launch_backfill, wait_for_backfill
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "XRPUSDT")
_PATIENCE_S = 1_200
_COUNTS = text("SELECT (SELECT count(*) FROM trading.bars), (SELECT count(*) FROM trading.data_checks WHERE passed)")
_RUNS = text("SELECT count(*) FROM runs WHERE status = 'SUCCESS'")


def write_config(folder: Path, symbols: list[str]) -> None:
    """Minutes alone, from the first day on, and a strategy that nobody asks."""
    shutil.copytree("config", folder)
    for path in (folder / "strategies").glob("*"):
        path.unlink()
    (folder / "strategies" / "asleep.yaml").write_text(yaml.safe_dump({**EAGER, "timeframes": ["1m"]}))
    universe = yaml.safe_load((folder / "universe.yaml").read_text())
    universe.update(symbols=symbols, timeframes=["1m"], history_start=FIRST.date())
    (folder / "universe.yaml").write_text(yaml.safe_dump(universe))


def processor_times() -> dict[str, float]:
    """Seconds that each kind of process below this one has taken."""
    spent: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            words, times = process.cmdline(), process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        names = [word for word in ("exchange", "daemon", "webserver", "feed", "grpc", "redis-server") if word in words]
        if "worker" in words:
            names = [f"worker {words[words.index('--queue') + 1]}"]
        name = names[0] if names else Path(words[0]).name if words else "ended"
        spent[name] = spent.get(name, 0.0) + times.user + times.system
    return spent


def measure(folder: Path, symbols: list[str], days: int) -> None:
    """Start the system, launch, wait, print."""
    write_config(folder / "config", symbols)
    end = FIRST + timedelta(days=days)
    exchange = ["--seed", "7", "--symbols", ",".join(symbols), "--port", str(free_port())]
    exchange += ["--start", end.isoformat(), "--lock-step", "1m"]
    settings = GivenSettings(TRADING_STATE_DIR=folder / "state", TRADING_CONFIG_DIR=folder / "config")
    keys = [f"{FIRST + timedelta(days=day):%Y-%m-%d}|{symbol}.BYBIT" for day in range(days) for symbol in symbols]
    with RunningSystem(settings, free_port(), exchange) as system:
        database = connect(system.state.variables["DATABASE_URL"])
        server = psutil.Process(int((folder / "state" / "postgres" / "postmaster.pid").read_text().split()[0]))
        before, began = {**processor_times(), "postgres": _of(server)}, time.perf_counter()
        backfill_id = launch_backfill(system.webserver, ["bars_1m"], keys, "a year of minutes")
        wait_for_backfill(system.webserver, backfill_id, _PATIENCE_S)
        wall = time.perf_counter() - began
        after = {**processor_times(), "postgres": _of(server)}
        with database.connect() as connection:
            bars, passed = connection.execute(_COUNTS).one()
        database.dispose()
        dagster = connect(system.state.variables["DAGSTER_POSTGRES_URL"].replace("psycopg2", "psycopg"))
        with dagster.connect() as connection:
            runs = connection.execute(_RUNS).scalar_one()
        dagster.dispose()
    spent = {name: used - before.get(name, 0.0) for name, used in after.items()}
    print(f"{bars:,} bars, {passed:,} verdicts, {len(keys):,} partitions, {runs} runs: {wall:.1f} s of wall time")
    print("processor time: " + ", ".join(f"{name} {used:.1f} s" for name, used in sorted(spent.items()) if used >= 0.1))


def _of(server: psutil.Process) -> float:
    """Seconds of PostgreSQL's processes; those that have ended count with the one that waited for them."""
    times = [process.cpu_times() for process in [server, *server.children(recursive=True)]]
    waited = server.cpu_times()
    return sum(one.user + one.system for one in times) + waited.children_user + waited.children_system


def main() -> None:
    """One measurement, with the load of the machine before it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=len(SYMBOLS), choices=range(1, len(SYMBOLS) + 1))
    parser.add_argument("--days", type=int, default=365)
    asked = parser.parse_args()
    print(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        measure(Path(folder), list(SYMBOLS[: asked.symbols]), asked.days)


if __name__ == "__main__":
    main()
