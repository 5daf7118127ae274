"""How much slower a wave is while the API answers a hundred reads a second.

Every process of the real system on a lock-step exchange, the API among them. Waves come in blocks, with a reader beside
every second block, so that both are measured in one session; the reader is a process of its own on the same cores.
Budget: the median grows by a fifth at most.

    python benchmarks/wave_beside_api.py --blocks 6 --waves 8
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
from api_load import COMMAND, READS
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from wave_latency import (
    ONE_INSTRUMENT,
    SENSORS_RETURN_S,
    Sample,
    collect,
    figures,
    wait_for_feed,
    wait_until_settled,
    write_config,
)

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.timeframes import closing_timeframes
from trading_pipeline.runtime.replay.lock_step import ExchangeClock
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.up import RunningSystem
from trading_pipeline.settings import GivenSettings, foreign_variables

READS_A_SECOND = 100
BUDGET = 1.2


def read_on(address: str, headers: dict[str, str], ended: Event) -> None:
    """Ask by the clock until told to end."""

    async def reads() -> None:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits) as client:
            begun, number = time.perf_counter(), 0
            async with asyncio.TaskGroup() as tasks:
                while not ended.is_set():
                    await asyncio.sleep(max(0.0, begun + number / READS_A_SECOND - time.perf_counter()))
                    tasks.create_task(_read(client, READS[number % len(READS)]))
                    number += 1

    asyncio.run(reads())


async def _read(client: httpx.AsyncClient, path: str) -> None:
    (await client.get(path)).raise_for_status()


@contextmanager
def reading(address: str, headers: dict[str, str]) -> Iterator[None]:
    """A reader for the length of the block.

    :raises SystemExit: it ended before, so that the block was not beside it.
    """
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    reader = context.Process(target=read_on, args=(address, headers, ended))
    reader.start()
    try:
        time.sleep(3.0)  # its imports are not what is measured
        yield
        alive = reader.is_alive()
    finally:
        ended.set()
        reader.join(30)
    if not alive or reader.exitcode:
        raise SystemExit(f"the reader ended early, with exit code {reader.exitcode}")


def signed_in(system: RunningSystem, address: str) -> dict[str, str]:
    """The headers of an administrator."""
    environment = {**foreign_variables(os.environ), **system.state.variables}
    adding = [*COMMAND, "users", "add", "bench", "--role", "admin"]
    told = subprocess.run(adding, env=environment, capture_output=True, text=True, check=True).stdout
    login = {"name": "bench", "password": told.partition("password: ")[2].split()[0]}
    token = httpx.post(f"{address}/api/v1/auth/login", json=login).raise_for_status().json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def block(clock: ExchangeClock, engine: Engine, waves: int, sample: Sample) -> None:
    """So many waves, settled one after the other."""
    for _ in range(waves):
        time.sleep(SENSORS_RETURN_S)
        told_at = time.time()
        while (stand := clock.advance()).event:
            wait_until_settled(clock, engine, None, [])
            time.sleep(SENSORS_RETURN_S)
            told_at = time.time()
        wait_until_settled(clock, engine, stand.now, closing_timeframes(stand.now, ONE_INSTRUMENT.timeframes))
        collect(engine, stand.now, told_at, sample)


def main() -> None:
    """Measure and print; growth beyond the budget ends with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--waves", type=int, default=8, help="of each block")
    arguments = parser.parse_args()
    console = Console()
    console.print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    alone, beside = Sample(), Sample()
    with tempfile.TemporaryDirectory(prefix="tp-bench-") as folder:
        config = Path(folder) / "config"
        write_config(config, ONE_INSTRUMENT)
        exchange = ["--seed", "7", "--symbols", "BTCUSDT", "--port", str(free_port()), "--lock-step", "15m"]
        exchange += ["--start", ONE_INSTRUMENT.start.isoformat(), "--latency-ms", "0"]
        settings = GivenSettings(
            TRADING_STATE_DIR=Path(folder) / "state", TRADING_CONFIG_DIR=config, TRADING_API_PORT=free_port()
        )
        with RunningSystem(settings, free_port(), exchange, with_api=True) as system:
            if system.exchange is None:
                raise SystemExit("the bench needs the exchange simulator")
            clock, engine = ExchangeClock(system.exchange.rest_url), connect(system.state.variables["DATABASE_URL"])
            wait_for_feed(clock)
            headers = signed_in(system, settings.api_address)
            block(clock, engine, 3, Sample())  # the first runs of each process pay for its imports
            for number in range(arguments.blocks):
                if number % 2:
                    with reading(settings.api_address, headers):
                        block(clock, engine, arguments.waves, beside)
                else:
                    block(clock, engine, arguments.waves, alone)
            engine.dispose()
    table = Table("close to plans stored, s", "samples", "p50", "p95")
    table.add_row("alone", *figures(alone.plans_stored))
    table.add_row(f"beside {READS_A_SECOND} reads a second", *figures(beside.plans_stored))
    console.print(table)
    growth = statistics.median(beside.plans_stored) / statistics.median(alone.plans_stored)
    console.print(f"the median is {growth:.2f} times as long, budget {BUDGET}")
    if growth > BUDGET:
        raise SystemExit("the budget is not kept")


if __name__ == "__main__":
    main()
