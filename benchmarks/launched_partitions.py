"""Partitions launched as the UI launches them: from the button to the backfill's end.

    python benchmarks/launched_partitions.py minutes|years|month [--symbols N] [--days N]

``minutes``: a year of minutes of five symbols, bars alone. ``years``: nearly two years of three symbols (generated bars
begin with 2025, and no clock is ahead of the wall's), and ``month``: thirty days of sixteen, in the default timeframes
and strategies, bars through plans. Every process of the real system on the simulated exchange, whose clock stands, so
that nothing else is computed. Prints the wall time, how many runs it took, the bars that are stored and judged, and the
processor time of each process; ends with an error where a run failed.
"""

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import yaml
from sqlalchemy import text
from wave_latency import EAGER, STAGES

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.runtime.replay.backfill import launch_backfill, wait_for_backfill
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "XRPUSDT", *(f"GEN{number:04d}USDT" for number in range(11)))
_PATIENCE_S = 1_800
_COUNTS = text("SELECT (SELECT count(*) FROM trading.bars), (SELECT count(*) FROM trading.data_checks WHERE passed)")
_RUNS = text("SELECT count(*) FROM runs WHERE status = 'SUCCESS'")


@dataclass(frozen=True, slots=True)
class Launch:
    """What is launched.

    :param timeframes: ``None`` for the timeframes and strategies of the default configuration, bars through plans.
    """

    symbols: int
    days: int
    timeframes: tuple[str, ...] | None = None


LAUNCHES = {"minutes": Launch(5, 365, ("1m",)), "years": Launch(3, 690), "month": Launch(16, 30)}


def write_config(folder: Path, launch: Launch) -> list[str]:
    """The default configuration, or bars alone and a strategy that nobody asks; the assets to launch."""
    shutil.copytree("config", folder)
    universe = yaml.safe_load((folder / "universe.yaml").read_text())
    universe.update(symbols=list(SYMBOLS[: launch.symbols]), history_start=FIRST.date())
    if launch.timeframes:
        universe["timeframes"] = list(launch.timeframes)
        for path in (folder / "strategies").glob("*"):
            path.unlink()
        asleep = {**EAGER, "timeframes": list(launch.timeframes)}
        (folder / "strategies" / "asleep.yaml").write_text(yaml.safe_dump(asleep))
    (folder / "universe.yaml").write_text(yaml.safe_dump(universe))
    stages = ("bars",) if launch.timeframes else STAGES
    return [f"{stage}_{timeframe}" for timeframe in universe["timeframes"] for stage in stages]


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


def measure(folder: Path, launch: Launch) -> None:
    """Start the system, launch, wait, print."""
    assets, symbols = write_config(folder / "config", launch), SYMBOLS[: launch.symbols]
    end = FIRST + timedelta(days=launch.days)
    exchange = ["--seed", "7", "--symbols", ",".join(symbols), "--port", str(free_port())]
    exchange += ["--start", end.isoformat(), "--lock-step", launch.timeframes[0] if launch.timeframes else "15m"]
    settings = GivenSettings(TRADING_STATE_DIR=folder / "state", TRADING_CONFIG_DIR=folder / "config")
    keys = [
        f"{FIRST + timedelta(days=day):%Y-%m-%d}|{symbol}.BYBIT" for day in range(launch.days) for symbol in symbols
    ]
    with RunningSystem(settings, free_port(), exchange) as system:
        database = connect(system.state.variables["DATABASE_URL"])
        server = psutil.Process(int((folder / "state" / "postgres" / "postmaster.pid").read_text().split()[0]))
        before, began = {**processor_times(), "postgres": _of(server)}, time.perf_counter()
        backfill_id = launch_backfill(system.webserver, assets, keys, "as a person launches it")
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
    parser.add_argument("launch", choices=LAUNCHES)
    parser.add_argument("--symbols", type=int, choices=range(1, len(SYMBOLS) + 1))
    parser.add_argument("--days", type=int)
    asked = parser.parse_args()
    launch = LAUNCHES[asked.launch]
    launch = replace(launch, symbols=asked.symbols or launch.symbols, days=asked.days or launch.days)
    print(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        measure(Path(folder), launch)


if __name__ == "__main__":
    main()
